//! Companies through the API.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use directory::company::{
    self, Company as CompanyRow, CompanyCreateInput, CompanyFilter, CompanySort, CompanySortField,
    CompanyUpdateInput,
};
use directory::department::{DepartmentFilter, DepartmentSort};
use directory::permission::{CALENDAR_READ, COMPANY_MANAGE, DEPARTMENT_READ};
use kernel::filter::IdFilter;
use kernel::ids::CompanyId;
use kernel::{CurrencyCode, Locale};

use crate::act::act;
use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::directory::attachment::attachments;
use crate::directory::calendar::Calendar;
use crate::directory::department::Department;
use crate::directory::file::File;
use crate::directory::link::link;
use crate::failure;
use crate::kernel::audit::{AuditEntry, history};
use crate::permission::Permission;
use crate::{noun, payload};

noun! {
    /// A company: a legal entity with its own books.
    Company of directory::company as CompanyRow, CompanyId;
    listed by CompanyFilter, CompanySortField
}

/// A postal address as a value.
#[derive(SimpleObject)]
pub struct PostalAddress {
    /// Street and number.
    street: Option<String>,
    /// The postal code.
    postal_code: Option<String>,
    /// The city.
    city: Option<String>,
    /// The region or province.
    region: Option<String>,
    /// The country, ISO 3166-1.
    country: String,
}

/// What the viewer may do with a company.
#[derive(SimpleObject)]
pub struct CompanyViewerCan {
    /// Change it.
    update: Permission,
}

/// A company: a legal entity with its own books.
#[Object]
impl Company {
    /// The company.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// Its short code.
    async fn code(&self) -> &str {
        &self.0.code
    }

    /// The name in the register.
    async fn legal_name(&self) -> &str {
        &self.0.legal_name
    }

    /// The name on the door.
    async fn trade_name(&self) -> Option<&str> {
        self.0.trade_name.as_deref()
    }

    /// The country of the tax id, ISO 3166-1.
    async fn tax_country(&self) -> &str {
        &self.0.tax_country
    }

    /// The tax id.
    async fn tax_id(&self) -> &str {
        &self.0.tax_id
    }

    /// The currency of its books.
    async fn currency_code(&self) -> CurrencyCode {
        self.0.currency
    }

    /// Its IANA time zone.
    async fn zone(&self) -> &str {
        &self.0.zone
    }

    /// The language of its documents.
    async fn locale(&self) -> Locale {
        self.0.locale
    }

    /// Where it is.
    async fn address(&self) -> PostalAddress {
        PostalAddress {
            street: self.0.street.clone(),
            postal_code: self.0.postal_code.clone(),
            city: self.0.city.clone(),
            region: self.0.region.clone(),
            country: self.0.country.clone(),
        }
    }

    /// The Spanish contribution account (código de cuenta de cotización).
    async fn ccc(&self) -> Option<&str> {
        self.0.ccc.as_deref()
    }

    /// The account that it pays from; masked without `directory.bank_account.read`.
    async fn iban(&self, graph: &Context<'_>) -> Result<Option<String>> {
        Ok(self.0.iban_for(Call::of(graph)?.actor()))
    }

    /// The BIC of that account's bank.
    async fn bic(&self) -> Option<&str> {
        self.0.bic.as_deref()
    }

    /// The fields that the viewer sees masked or not at all.
    async fn redacted_fields(&self, graph: &Context<'_>) -> Result<Vec<&'static str>> {
        let shown = self.0.iban_for(Call::of(graph)?.actor());
        Ok(if shown == self.0.iban {
            Vec::new()
        } else {
            vec!["iban"]
        })
    }

    /// Its departments.
    async fn departments(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<Department>> {
        let call = Call::of(graph)?;
        let seen = call.actor().require(DEPARTMENT_READ);
        seen.map_err(|error| failure::of(call, error))?;
        let own = IdFilter {
            eq: Some(self.0.id.into()),
            ..IdFilter::default()
        };
        let company = CompanyFilter {
            id: Some(own),
            ..CompanyFilter::default()
        };
        let filter = DepartmentFilter {
            company: Some(Box::new(company)),
            ..DepartmentFilter::default()
        };
        let slice = Slice::new(first, after, last, before);
        connect(graph, slice.of(Some(filter), None::<DepartmentSort>, None)).await
    }

    /// Its working calendar; null when there is none or the viewer may not see it.
    async fn calendar(&self, graph: &Context<'_>) -> Result<Option<Calendar>> {
        link(graph, CALENDAR_READ, self.0.calendar_id).await
    }

    /// When it was archived.
    async fn archived_at(&self) -> Option<DateTime<Utc>> {
        self.0.archived_at
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// Its version, for `expectedVersion`.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// What the viewer may do with it.
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<CompanyViewerCan> {
        let call = Call::of(graph)?;
        let own = Some(self.0.id);
        let update = Permission::held(call, COMPANY_MANAGE, |scope| scope.covers(own, None));
        Ok(CompanyViewerCan { update })
    }

    /// The files attached to it, the latest first. Needs `directory.file.read`.
    async fn attachments(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<File>> {
        let slice = Slice::new(first, after, last, before);
        attachments::<Self>(graph, self.0.id, slice).await
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
    /// What making a company gives.
    CompanyCreatePayload {
        /// The company.
        company: Company
    }
    /// What changing a company gives.
    CompanyUpdatePayload {
        /// The company.
        company: Company
    }
}

/// Looks at companies.
#[derive(Default)]
pub struct CompanyQuery;

#[Object]
impl CompanyQuery {
    /// A company. Needs `directory.company.read`.
    async fn company(&self, graph: &Context<'_>, id: CompanyId) -> Result<Option<Company>> {
        find(graph, id).await
    }

    /// Companies. Needs `directory.company.read`.
    async fn companies(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<CompanyFilter>,
        sort: Option<CompanySort>,
        search: Option<String>,
        #[graphql(default)] include_archived: bool,
    ) -> Result<Connection<Company>> {
        let slice = Slice::new(first, after, last, before);
        connect(
            graph,
            slice
                .of(filter, sort, search)
                .with_archived(include_archived),
        )
        .await
    }
}

/// Acts on companies.
#[derive(Default)]
pub struct CompanyMutation;

#[Object]
impl CompanyMutation {
    /// Makes a company. Needs `directory.company.manage` everywhere.
    async fn company_create(
        &self,
        graph: &Context<'_>,
        input: CompanyCreateInput,
    ) -> Result<CompanyCreatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Company(company::create(tx, input).await?)) })
        })
        .await
    }

    /// Changes a company. Needs `directory.company.manage`, and a fresh proof of identity for the
    /// account that it pays from.
    async fn company_update(
        &self,
        graph: &Context<'_>,
        input: CompanyUpdateInput,
    ) -> Result<CompanyUpdatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Company(company::update(tx, input).await?)) })
        })
        .await
    }
}
