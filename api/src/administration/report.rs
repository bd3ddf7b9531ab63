//! Reports through the API: which there are, and each as typed rows, as the viewer may see it.

use std::sync::Arc;

use administration::permission::{REPORT_RUN, REPORT_SCHEDULE};
use administration::report;
use async_graphql::{Context, Object, Result, SimpleObject};
use futures::FutureExt;
use kernel::error::Error;
use kernel::report::{ReportKind as Kind, ReportParameter, ReportParameters, ReportTable, Reports};
use kernel::{CurrencyCode, Date, Fault};

use crate::administration::report_cell::{
    ReportCell, ReportColumn, ReportParameterValues, ReportRow,
};
use crate::call::Call;
use crate::connection::{Rows, Slice};
use crate::failure::{self, UserError};
use crate::permission::Permission;
use crate::whole;

/// All reports of the suite.
pub fn reports(call: &Call) -> Result<Arc<Reports>> {
    let found = call.core().services.get::<Reports>();
    found.map_err(|error| failure::of(call, error))
}

/// The title of a report, in the viewer's language.
pub fn title(graph: &Context<'_>, key: &str) -> Result<String> {
    let call = Call::of(graph)?;
    let (speaker, locale) = (&call.core().speaker, call.context().locale);
    Ok(report::title(speaker, locale, key))
}

/// A report that there is.
#[derive(Clone)]
pub struct ReportKind(Kind);

/// What a report can be asked with.
#[derive(SimpleObject)]
pub struct ReportKindParameter {
    /// Which value.
    name: ReportParameter,
    /// Whether the report needs it.
    is_required: bool,
}

/// What the viewer may do with a report.
#[derive(SimpleObject)]
pub struct ReportKindViewerCan {
    /// Have it produced as a file.
    run: Permission,
    /// Have it produced by the clock.
    schedule: Permission,
}

/// A report that there is.
#[Object]
impl ReportKind {
    /// Its key, `domain.what`.
    async fn key(&self) -> &str {
        self.0.key
    }

    /// Its title, in the viewer's language.
    async fn title(&self, graph: &Context<'_>) -> Result<String> {
        title(graph, self.0.key)
    }

    /// What it can be asked with.
    async fn parameters(&self) -> Vec<ReportKindParameter> {
        let taken = self.0.parameters.iter();
        taken
            .map(|parameter| ReportKindParameter {
                name: parameter.name,
                is_required: parameter.required,
            })
            .collect()
    }

    /// Its columns, in their order.
    async fn columns(&self, graph: &Context<'_>) -> Result<Vec<ReportColumn>> {
        let call = Call::of(graph)?;
        Ok(ReportColumn::all(call, self.0.key, self.0.columns))
    }

    /// What the viewer may do with it.
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<ReportKindViewerCan> {
        let call = Call::of(graph)?;
        let held = |permission| {
            let somewhere = |scope: &kernel::Scope| !scope.is_nowhere();
            Permission::held(call, self.0.permission, somewhere)
                .and(|| Permission::held(call, permission, somewhere))
        };
        Ok(ReportKindViewerCan {
            run: held(REPORT_RUN),
            schedule: held(REPORT_SCHEDULE),
        })
    }
}

/// A report as computed, or why it was not.
pub struct Report {
    kind: Kind,
    parameters: ReportParameters,
    outcome: Result<Arc<ReportTable>, Vec<Fault>>,
}

/// A report as the viewer may see it, computed when it is asked for.
#[Object]
impl Report {
    /// Which report it is.
    async fn kind(&self) -> ReportKind {
        ReportKind(self.kind.clone())
    }

    /// What it was asked with.
    async fn parameters(&self) -> ReportParameterValues {
        ReportParameterValues(self.parameters.clone())
    }

    /// The day as of whose end its figures stand; null when it could not be computed.
    async fn as_of(&self) -> Option<Date> {
        self.table().map(|table| Date(table.as_of))
    }

    /// The currency of its amounts; null when it has none.
    async fn currency_code(&self) -> Option<CurrencyCode> {
        self.table().and_then(|table| table.currency)
    }

    /// Its columns, in their order.
    async fn columns(&self, graph: &Context<'_>) -> Result<Vec<ReportColumn>> {
        let call = Call::of(graph)?;
        Ok(ReportColumn::all(call, self.kind.key, self.kind.columns))
    }

    /// Its rows. A cursor is a place in the rows, so that a page goes on where the last one ended
    /// as long as the figures below have not changed.
    async fn rows(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Rows<ReportRow>> {
        let rows = self.outcome.as_ref().map(ReportRow::all);
        let slice = Slice::new(first, after, last, before);
        whole::connection(Call::of(graph)?, rows.unwrap_or_default(), &slice)
    }

    /// One cell a column below the rows; empty for a report without totals.
    async fn totals(&self, graph: &Context<'_>) -> Result<Vec<ReportCell>> {
        let call = Call::of(graph)?;
        let totals = self.table().map(|table| &table.totals);
        Ok(totals.map_or_else(Vec::new, |cells| ReportCell::all(call, cells)))
    }

    /// What is wrong with the parameters, all of it at once; empty when it was computed.
    async fn user_errors(&self, graph: &Context<'_>) -> Result<Vec<UserError>> {
        let call = Call::of(graph)?;
        let faults = self.outcome.as_ref().err().into_iter().flatten();
        Ok(faults.map(|fault| spoken(call, fault)).collect())
    }
}

impl Report {
    fn table(&self) -> Option<&ReportTable> {
        self.outcome.as_deref().ok()
    }
}

/// A fault of a query: its path begins with the argument, as there is no `input`.
fn spoken(call: &Call, fault: &Fault) -> UserError {
    let mut error = UserError::of(&call.core().speaker, call.context().locale, fault);
    error.field = (!fault.field.is_empty()).then(|| fault.field.clone());
    error
}

/// Looks at reports.
#[derive(Default)]
pub struct ReportQuery;

#[Object]
impl ReportQuery {
    /// The reports that the viewer may see, by key.
    async fn reports(&self, graph: &Context<'_>) -> Result<Vec<ReportKind>> {
        let call = Call::of(graph)?;
        let all = reports(call)?;
        let seen = report::visible(&all, call.actor()).into_iter();
        Ok(seen.cloned().map(ReportKind).collect())
    }

    /// A report as the viewer may see it, computed now; null when there is none of that key. Needs
    /// the permission of the report itself. What is wrong with the parameters is told inside.
    async fn report(
        &self,
        graph: &Context<'_>,
        key: String,
        parameters: Option<ReportParameters>,
    ) -> Result<Option<Report>> {
        let call = Call::of(graph)?;
        let all = reports(call)?;
        let Some(kind) = all.find(&key).cloned() else {
            return Ok(None);
        };
        let parameters = parameters.unwrap_or_default();
        let asked = parameters.clone();
        let outcome = call
            .read(move |tx| {
                async move {
                    match report::table(tx, &all, &key, &asked).await {
                        Ok(table) => Ok(Ok(Arc::new(table))),
                        Err(Error::Refused(faults)) => Ok(Err(faults)),
                        Err(other) => Err(other),
                    }
                }
                .boxed()
            })
            .await?;
        Ok(Some(Report {
            kind,
            parameters,
            outcome,
        }))
    }
}
