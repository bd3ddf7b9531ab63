//! Reports of every domain: as rows now, as files by job, and on schedule.
//!
//! [`table`] answers a report as its caller may see it. [`produce`] records a [`ReportRun`] for the
//! caller and for each user that it is mailed to, and wants the job that makes the files: each is
//! computed with the rights of its own reader, or refused. A [`ReportSchedule`] does the same by
//! the clock, with periods that move along.

mod period;
mod press;
mod print;
mod produce;
mod recipients;
pub mod run;
pub mod schedule;
mod schedule_act;
mod tick;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::ids::CompanyId;
use kernel::report::{ReportKind, ReportParameters, ReportTable, Reports};
use kernel::{Actor, Fault, Faults, Locale, Result, Speaker, Tx};

pub use period::ReportPeriod;
pub use print::ReportFormat;
pub use produce::{ReportProduce, ReportRunInput, produce};
pub use run::{
    ReportFormatFilter, ReportRun, ReportRunFilter, ReportRunSort, ReportRunSortField,
    ReportRunStatus, ReportRunStatusFilter,
};
pub use schedule::{
    ReportSchedule, ReportScheduleFilter, ReportScheduleSort, ReportScheduleSortField,
};
pub use schedule_act::{
    ReportScheduleArchiveInput, ReportScheduleCreateInput, ReportSchedulePatch,
    ReportScheduleRunInput, ReportScheduleUpdateInput, archive, create, run_now, update,
};
pub use tick::ReportTick;

use crate::fault;

/// A report finished.
pub const REPORT_READY: &str = "administration.report_ready";
/// A report could not be made.
pub const REPORT_FAILED: &str = "administration.report_failed";

/// The reports that an actor may see, by key.
pub fn visible<'r>(reports: &'r Reports, actor: &Actor) -> Vec<&'r ReportKind> {
    reports
        .all()
        .filter(|kind| actor.may(kind.permission))
        .collect()
}

/// The title of a report.
pub fn title(speaker: &Speaker, locale: Locale, key: &str) -> String {
    speaker.say(locale, &format!("report.{key}"), &[])
}

/// The title of a column of a report.
pub fn column_title(speaker: &Speaker, locale: Locale, key: &str, column: &str) -> String {
    speaker.say(locale, &format!("report.{key}.{column}"), &[])
}

/// A report as the actor may see it.
///
/// # Errors
/// `administration.report_unknown` at `key`; for parameters every fault at once, below
/// `parameters`; denied without the report's own permission.
#[tracing::instrument(skip_all, fields(report = key), err)]
pub async fn table(
    tx: &mut Tx,
    reports: &Reports,
    key: &str,
    parameters: &ReportParameters,
) -> Result<ReportTable> {
    let kind = kind_of(reports, key)?;
    tx.require(kind.permission)?;
    possible(tx, kind, parameters).await?;
    kind.run(tx, parameters).await
}

/// That a report can be asked with some parameters, by the actor; every fault of them at once.
async fn possible(tx: &mut Tx, kind: &ReportKind, parameters: &ReportParameters) -> Result<()> {
    let mut faults = Faults::new();
    faults.take(kind.check(parameters))?;
    faults.take(check_company(tx, kind, parameters.company).await)?;
    faults.finish()
}

/// A report by its key.
fn kind_of<'r>(reports: &'r Reports, key: &str) -> Result<&'r ReportKind> {
    reports.find(key).ok_or_else(|| {
        Fault::not_found(fault::REPORT_UNKNOWN)
            .at(["key"])
            .with("key", key)
            .into()
    })
}

/// That the company exists and the actor may see the report there; which of the two it is that
/// fails is not told.
async fn check_company(tx: &mut Tx, kind: &ReportKind, company: Option<CompanyId>) -> Result<()> {
    use directory::schema::company as table;
    let Some(id) = company else { return Ok(()) };
    let known: i64 = table::table
        .find((tx.organisation(), id))
        .count()
        .get_result(tx.conn())
        .await?;
    if known == 1 && recipients::may_see(tx.actor(), kind, company) {
        return Ok(());
    }
    Err(Fault::not_found(fault::REPORT_COMPANY_UNKNOWN)
        .at(["parameters", "company"])
        .into())
}
