//! Dimensions of analysis and their values through the API.

use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, Utc};
use directory::permission::COMPANY_READ;
use futures::future::BoxFuture;
use kernel::ids::DimensionId;
use kernel::{Locale, Tx};
use ledger::dimension::{
    self, Dimension as DimensionRow, DimensionCreateInput, DimensionFilter, DimensionSort,
    DimensionSortField, DimensionValue as ValueRow, DimensionValueCreateInput, DimensionValueId,
};
use ledger::permission::ACCOUNT_READ;

use super::link;
use crate::act::act;
use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::directory::company::Company;
use crate::kernel::audit::{AuditEntry, history};
use crate::loader::{Noun, Part};
use crate::whole;
use crate::{noun, payload};

noun! {
    /// A dimension of analysis: projects, cost centres, whatever a company wants.
    Dimension of ledger::dimension as DimensionRow, DimensionId;
    listed by DimensionFilter, DimensionSortField
}

/// A value of a dimension.
#[derive(Clone, Debug)]
pub struct DimensionValue(pub ValueRow);

impl Noun for DimensionValue {
    type Id = DimensionValueId;
    const NAME: &'static str = "DimensionValue";

    fn key(&self) -> DimensionValueId {
        self.0.id
    }

    fn by_ids<'t>(
        tx: &'t mut Tx,
        ids: &'t [DimensionValueId],
    ) -> BoxFuture<'t, kernel::Result<Vec<Self>>> {
        Box::pin(async move {
            Ok(dimension::values_by_ids(tx, ids)
                .await?
                .into_iter()
                .map(Self)
                .collect())
        })
    }
}

/// A dimension of analysis: projects, cost centres, whatever a company wants.
#[Object]
impl Dimension {
    /// The dimension.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// Its company.
    async fn company(&self, graph: &Context<'_>) -> Result<Option<Company>> {
        link::company(graph, self.0.company_id).await
    }

    /// Its code, unique in the company.
    async fn code(&self) -> &str {
        &self.0.code
    }

    /// Its name in the viewer's language.
    async fn name(&self, graph: &Context<'_>) -> Result<&str> {
        Ok(match Call::of(graph)?.context().locale {
            Locale::Es => &self.0.name_es,
            Locale::En => &self.0.name_en,
        })
    }

    /// Its name in Spanish.
    async fn name_es(&self) -> &str {
        &self.0.name_es
    }

    /// Its name in English.
    async fn name_en(&self) -> &str {
        &self.0.name_en
    }

    /// Its values, by code.
    async fn values(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<DimensionValue>> {
        let own = Call::of(graph)?.parts::<DimensionValue>(self.0.id).await?;
        let items = own
            .into_iter()
            .map(|one| (one.0.id.to_string(), one))
            .collect();
        whole::connection(
            Call::of(graph)?,
            items,
            &Slice::new(first, after, last, before),
        )
    }

    /// Its version.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// The fields that the viewer may not see.
    async fn redacted_fields(&self, graph: &Context<'_>) -> Result<Vec<&'static str>> {
        link::redacted(graph, self.0.company_id, &[(COMPANY_READ, "company")])
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

/// A value of a dimension.
#[Object]
impl DimensionValue {
    /// The value.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// Its dimension; null without `ledger.account.read`.
    async fn dimension(&self, graph: &Context<'_>) -> Result<Option<Dimension>> {
        link::set_up(graph, Some(self.0.dimension_id)).await
    }

    /// Its code, unique in the dimension.
    async fn code(&self) -> &str {
        &self.0.code
    }

    /// Its name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Since when it takes no more lines.
    async fn archived_at(&self) -> Option<DateTime<Utc>> {
        self.0.archived_at
    }

    /// Its version.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// The fields that the viewer may not see.
    async fn redacted_fields(&self, graph: &Context<'_>) -> Result<Vec<&'static str>> {
        link::redacted(graph, self.0.company_id, &[(ACCOUNT_READ, "dimension")])
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

impl Part for DimensionValue {
    type Of = DimensionId;

    fn of<'t>(
        tx: &'t mut Tx,
        ids: &'t [DimensionId],
    ) -> BoxFuture<'t, kernel::Result<Vec<(DimensionId, Self)>>> {
        Box::pin(async move {
            let values = dimension::values_of(tx, ids).await?;
            Ok(values
                .into_iter()
                .map(|row| (row.dimension_id, Self(row)))
                .collect())
        })
    }
}

payload! {
    /// What making a dimension gives.
    DimensionCreatePayload {
        /// The dimension.
        dimension: Dimension
    }
    /// What making a value of a dimension gives.
    DimensionValueCreatePayload {
        /// The value.
        dimension_value: DimensionValue
    }
}

/// Looks at dimensions.
#[derive(Default)]
pub struct DimensionQuery;

#[Object]
impl DimensionQuery {
    /// A dimension. Needs `ledger.account.read`.
    async fn dimension(&self, graph: &Context<'_>, id: DimensionId) -> Result<Option<Dimension>> {
        find(graph, id).await
    }

    /// Dimensions, by code unless sorted otherwise. Needs `ledger.account.read`.
    async fn dimensions(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<DimensionFilter>,
        sort: Option<DimensionSort>,
        search: Option<String>,
    ) -> Result<Connection<Dimension>> {
        let slice = Slice::new(first, after, last, before);
        connect(graph, slice.of(filter, sort, search)).await
    }
}

/// Acts on dimensions.
#[derive(Default)]
pub struct DimensionMutation;

#[Object]
impl DimensionMutation {
    /// Makes a dimension of analysis. Needs `ledger.account.manage`.
    async fn dimension_create(
        &self,
        graph: &Context<'_>,
        input: DimensionCreateInput,
    ) -> Result<DimensionCreatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Dimension(dimension::create(tx, input).await?)) })
        })
        .await
    }

    /// Makes a value of a dimension. Needs `ledger.account.manage`.
    async fn dimension_value_create(
        &self,
        graph: &Context<'_>,
        input: DimensionValueCreateInput,
    ) -> Result<DimensionValueCreatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(DimensionValue(dimension::create_value(tx, input).await?)) })
        })
        .await
    }
}
