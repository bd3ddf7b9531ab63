//! Taxes as charged, through the API.

use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, Utc};
use directory::permission::COMPANY_READ;
use finance::tax::{
    self, Tax as TaxRow, TaxApplication, TaxCreateInput, TaxEndInput, TaxFilter, TaxKind, TaxSort,
    TaxSortField, TaxTreatment,
};
use kernel::ids::TaxId;
use kernel::{Date, Dec};

use crate::act::act;
use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::directory::company::Company;
use crate::directory::link::link;
use crate::kernel::audit::{AuditEntry, history};
use crate::{noun, payload};

noun! {
    /// A version of a tax as charged.
    Tax of finance::tax as TaxRow, TaxId; listed by TaxFilter, TaxSortField
}

/// A version of a tax as charged, with the law that it comes from and the days on which it holds.
#[Object]
impl Tax {
    /// The version.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// The company; null without `directory.company.read`.
    async fn company(&self, graph: &Context<'_>) -> Result<Option<Company>> {
        link(graph, COMPANY_READ, Some(self.0.company_id)).await
    }

    /// The code of the tax, the same in all its versions.
    async fn code(&self) -> &str {
        &self.0.code
    }

    /// Its name, in the viewer's language.
    async fn name(&self, graph: &Context<'_>) -> Result<&str> {
        Ok(self.0.name(Call::of(graph)?.context().locale))
    }

    /// What it is.
    async fn kind(&self) -> TaxKind {
        self.0.kind
    }

    /// How it treats an operation.
    async fn treatment(&self) -> TaxTreatment {
        self.0.treatment
    }

    /// Where it is used.
    async fn applies_to(&self) -> TaxApplication {
        self.0.applies_to
    }

    /// Per cent.
    async fn rate(&self) -> Dec {
        Dec(self.0.rate.0.normalize())
    }

    /// The code of the tax that it comes on top of; surcharges alone have one.
    async fn goes_with(&self) -> Option<&str> {
        self.0.goes_with.as_deref()
    }

    /// The code of the account that it is posted to in sales.
    async fn sales_account(&self) -> Option<&str> {
        self.0.sales_account.as_deref()
    }

    /// The code of the account that it is posted to in purchases; without one it adds to the cost.
    async fn purchase_account(&self) -> Option<&str> {
        self.0.purchase_account.as_deref()
    }

    /// The law that it comes from.
    async fn source(&self) -> &str {
        &self.0.source
    }

    /// The first day of its operations.
    async fn valid_from(&self) -> Date {
        self.0.valid_from
    }

    /// The last one.
    async fn valid_to(&self) -> Option<Date> {
        self.0.valid_to
    }

    /// When it was recorded.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// Its version, for `expectedVersion`.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// What happened to it.
    async fn history(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<AuditEntry>> {
        history(graph, self.0.id.0, Slice::new(first, after, last, before)).await
    }
}

payload! {
    /// What recording a tax gives.
    TaxCreatePayload {
        /// The tax.
        tax: Tax
    }
    /// What ending a tax gives.
    TaxEndPayload {
        /// The tax.
        tax: Tax
    }
}

/// Looks at taxes, each in all its versions.
#[derive(Default)]
pub struct TaxQuery;

#[Object]
impl TaxQuery {
    /// A version of a tax. Needs `finance.invoice.read`.
    async fn tax(&self, graph: &Context<'_>, id: TaxId) -> Result<Option<Tax>> {
        find(graph, id).await
    }

    /// Taxes, each in all its versions. Needs `finance.invoice.read`.
    async fn taxes(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<TaxFilter>,
        sort: Option<TaxSort>,
        search: Option<String>,
    ) -> Result<Connection<Tax>> {
        let slice = Slice::new(first, after, last, before);
        connect(graph, slice.of(filter, sort, search)).await
    }
}

/// Acts on taxes.
#[derive(Default)]
pub struct TaxMutation;

#[Object]
impl TaxMutation {
    /// Records a tax, or a new version of one. Needs `finance.tax.manage`.
    async fn tax_create(
        &self,
        graph: &Context<'_>,
        input: TaxCreateInput,
    ) -> Result<TaxCreatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Tax(tax::create(tx, input).await?)) })
        })
        .await
    }

    /// Ends a version of a tax on a day. Needs `finance.tax.manage`.
    async fn tax_end(&self, graph: &Context<'_>, input: TaxEndInput) -> Result<TaxEndPayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Tax(tax::end(tx, input).await?)) })
        })
        .await
    }
}
