//! Fiscal years through the API.

use async_graphql::{Context, ID, Object, Result};
use directory::permission::COMPANY_READ;
use futures::future::BoxFuture;
use kernel::filter::IdFilter;
use kernel::ids::FiscalYearId;
use kernel::page::{MAX_SIZE, PageRequest};
use kernel::{Date, Tx};
use ledger::fiscal_year::{
    self, FiscalYear as FiscalYearRow, FiscalYearFilter, FiscalYearOpenInput, FiscalYearSort,
    FiscalYearSortField,
};
use ledger::period::{self, PeriodFilter};

use super::link;
use super::period::Period;
use crate::act::act;
use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::directory::company::Company;
use crate::kernel::audit::{AuditEntry, history};
use crate::loader::Part;
use crate::whole;
use crate::{noun, payload};

/// Years whose periods fit into one page: a year has thirteen periods at most.
const YEARS_AT_ONCE: usize = 19;

noun! {
    /// A fiscal year of a company.
    FiscalYear of ledger::fiscal_year as FiscalYearRow, FiscalYearId;
    listed by FiscalYearFilter, FiscalYearSortField
}

/// A fiscal year of a company.
#[Object]
impl FiscalYear {
    /// The year.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// Its company.
    async fn company(&self, graph: &Context<'_>) -> Result<Option<Company>> {
        link::company(graph, self.0.company_id).await
    }

    /// Its name, such as 2026.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Its first day.
    async fn starts_on(&self) -> Date {
        self.0.starts_on
    }

    /// Its last day.
    async fn ends_on(&self) -> Date {
        self.0.ends_on
    }

    /// Its periods, in order.
    async fn periods(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<Period>> {
        let own = Call::of(graph)?.parts::<PeriodOfYear>(self.0.id).await?;
        let items = own
            .into_iter()
            .map(|PeriodOfYear(one)| (one.0.id.to_string(), one))
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

/// A period as a part of its year.
#[derive(Clone)]
struct PeriodOfYear(Period);

impl Part for PeriodOfYear {
    type Of = FiscalYearId;

    fn of<'t>(
        tx: &'t mut Tx,
        ids: &'t [FiscalYearId],
    ) -> BoxFuture<'t, kernel::Result<Vec<(FiscalYearId, Self)>>> {
        Box::pin(async move {
            let mut found = Vec::new();
            for years in ids.chunks(YEARS_AT_ONCE) {
                let years = years.iter().map(|id| ID::from(*id)).collect();
                let of_years = IdFilter {
                    one_of: Some(years),
                    ..IdFilter::default()
                };
                let filter = PeriodFilter {
                    fiscal_year: Some(of_years),
                    ..Default::default()
                };
                let request = PageRequest {
                    first: Some(MAX_SIZE),
                    filter: Some(filter),
                    ..PageRequest::default()
                };
                let rows = period::page(tx, request).await?.into_rows();
                found.extend(
                    rows.into_iter()
                        .map(|row| (row.fiscal_year_id, Self(Period(row)))),
                );
            }
            Ok(found)
        })
    }
}

payload! {
    /// What opening a fiscal year gives.
    FiscalYearOpenPayload {
        /// The year.
        fiscal_year: FiscalYear
    }
}

/// Looks at fiscal years.
#[derive(Default)]
pub struct FiscalYearQuery;

#[Object]
impl FiscalYearQuery {
    /// A fiscal year. Needs `ledger.account.read`.
    async fn fiscal_year(
        &self,
        graph: &Context<'_>,
        id: FiscalYearId,
    ) -> Result<Option<FiscalYear>> {
        find(graph, id).await
    }

    /// Fiscal years. Needs `ledger.account.read`.
    async fn fiscal_years(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<FiscalYearFilter>,
        sort: Option<FiscalYearSort>,
        search: Option<String>,
    ) -> Result<Connection<FiscalYear>> {
        let slice = Slice::new(first, after, last, before);
        connect(graph, slice.of(filter, sort, search)).await
    }
}

/// Acts on fiscal years.
#[derive(Default)]
pub struct FiscalYearMutation;

#[Object]
impl FiscalYearMutation {
    /// Opens a fiscal year with its monthly periods. Needs `ledger.period.manage`.
    async fn fiscal_year_open(
        &self,
        graph: &Context<'_>,
        input: FiscalYearOpenInput,
    ) -> Result<FiscalYearOpenPayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(FiscalYear(fiscal_year::open(tx, input).await?)) })
        })
        .await
    }
}
