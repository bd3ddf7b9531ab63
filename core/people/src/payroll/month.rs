//! The scheduled month: drafts the run and has it calculated; the rest is for people.

use chrono::{Datelike, Months, NaiveDate};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures::FutureExt;
use kernel::ids::{CompanyId, UserId};
use kernel::job::{Job, JobRun};
use kernel::{Error, Permission, Result, Tx};
use processes::Sentence;
use processes::notification::{self, Notify};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    PayrollRun, PayrollRunCalculateInput, PayrollRunDraftInput, PayrollRunKind, PayrollRunStatus,
    draft, enqueue_calculation,
};
use crate::permission::PAYROLL_RUN;
use crate::schema::payroll_run;

/// Which month a scheduled payroll is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum WhichMonth {
    /// The month of the company's day on which it runs.
    #[default]
    This,
    /// The month before.
    Last,
}

/// Drafts the payroll of a company's month and has it calculated; harmless to repeat.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PayrollMonth {
    /// The company.
    pub company: CompanyId,
    /// Which month.
    #[serde(default)]
    pub month: WhichMonth,
}

impl Job for PayrollMonth {
    const KIND: &'static str = "people.payroll_month";
    const QUEUE: &'static str = "people";
    const PERMISSION: Permission = PAYROLL_RUN;
    const SCHEDULABLE: bool = true;

    fn company(&self) -> Option<CompanyId> {
        Some(self.company)
    }

    async fn run(self, job: JobRun) -> Result<Value> {
        if job.is_dry_run() {
            return job
                .read(move |tx| async move { self.act(tx).await }.boxed())
                .await;
        }
        job.finish(move |tx| async move { self.act(tx).await }.boxed())
            .await
    }
}

impl PayrollMonth {
    async fn act(&self, tx: &mut Tx) -> Result<Value> {
        let company = directory::company::load(tx, self.company).await?;
        let today = tx.now().with_timezone(&company.tz()).date_naive();
        let (year, month) = month_of(today, self.month);
        let run = match existing(tx, self.company, year, month).await? {
            Some(run) => run,
            None => draft(tx, wanted(self.company, year, month)).await?,
        };
        if run.status != PayrollRunStatus::Draft || run.calculation > 0 {
            return Ok(json!({ "run": run.id, "status": run.status, "made": false }));
        }
        let command = PayrollRunCalculateInput {
            id: run.id,
            expected_version: None,
            dry_run: false,
        };
        let calculation = enqueue_calculation(tx, command).await?;
        Ok(json!({ "run": run.id, "calculation": calculation.id, "made": true }))
    }
}

fn wanted(company: CompanyId, year: i32, month: i32) -> PayrollRunDraftInput {
    PayrollRunDraftInput {
        id: None,
        company,
        year,
        month,
        kind: PayrollRunKind::Regular,
        corrects: None,
        pay_date: None,
        dry_run: false,
    }
}

fn month_of(today: NaiveDate, which: WhichMonth) -> (i32, i32) {
    let back = match which {
        WhichMonth::This => 0,
        WhichMonth::Last => 1,
    };
    let day = today
        .with_day(1)
        .and_then(|first| first.checked_sub_months(Months::new(back)));
    let day = day.unwrap_or(today);
    (day.year(), i32::try_from(day.month()).unwrap_or(1))
}

/// The regular run of a month. Those who look at the same time take turns by the company.
async fn existing(
    tx: &mut Tx,
    company: CompanyId,
    year: i32,
    month: i32,
) -> Result<Option<PayrollRun>> {
    diesel::sql_query("SELECT pg_advisory_xact_lock(hashtextextended($1, 82))")
        .bind::<diesel::sql_types::Text, _>(company.to_string())
        .execute(tx.conn())
        .await?;
    Ok(payroll_run::table
        .filter(payroll_run::organisation_id.eq(tx.organisation()))
        .filter(payroll_run::company_id.eq(company))
        .filter(payroll_run::year.eq(year))
        .filter(payroll_run::month.eq(month))
        .filter(payroll_run::kind.eq(PayrollRunKind::Regular))
        .filter(payroll_run::status.ne(PayrollRunStatus::Cancelled))
        .select(PayrollRun::as_select())
        .first(tx.conn())
        .await
        .optional()?)
}

/// Tells who prepares a company's payroll that a run waits for their review.
pub(super) async fn tell_preparer(tx: &mut Tx, run: &PayrollRun, failed: i64) -> Result<()> {
    let company = directory::company::load(tx, run.company_id).await?;
    let users: Vec<UserId> = match run.calculated_by.or(run.drafted_by) {
        Some(user) => vec![user],
        None => preparers(tx, run).await?,
    };
    let args = Sentence::new("people.payroll_ready")
        .with("month", format!("{:02}", run.month))
        .with("year", run.year.to_string())
        .with("company", company.legal_name)
        .with("count", run.payslips.to_string())
        .with("failed", failed.to_string())
        .args;
    let key = Some(format!("payroll.ready:{}:{}", run.id, run.calculation));
    let notice = Notify::new("people.payroll_ready", "PayrollRun", run.id, users);
    notification::notify(
        tx,
        Notify {
            args,
            key,
            urgent: failed > 0,
            ..notice
        },
    )
    .await
}

/// The users who may run a company's payroll, for what a schedule has drafted.
async fn preparers(tx: &mut Tx, run: &PayrollRun) -> Result<Vec<UserId>> {
    use diesel::sql_types as sql;
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = sql::Uuid)]
        user_id: UserId,
    }
    let found: Vec<Found> = diesel::sql_query(
        "SELECT DISTINCT a.user_id FROM directory.role_assignment a \
         JOIN directory.role r ON r.organisation_id = a.organisation_id AND r.id = a.role_id \
         JOIN directory.\"user\" u ON u.organisation_id = a.organisation_id AND u.id = a.user_id \
         WHERE a.organisation_id = $1 AND u.active AND r.archived_at IS NULL \
            AND $2 = ANY(r.permissions) AND a.department_id IS NULL \
            AND (a.company_id IS NULL OR a.company_id = $3) LIMIT 50",
    )
    .bind::<sql::Uuid, _>(run.organisation_id)
    .bind::<sql::Text, _>(PAYROLL_RUN)
    .bind::<sql::Uuid, _>(run.company_id)
    .load(tx.conn())
    .await
    .map_err(Error::from)?;
    Ok(found.into_iter().map(|row| row.user_id).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_month_before_january_is_december() {
        let day = NaiveDate::from_ymd_opt(2026, 1, 31).unwrap();
        assert_eq!(month_of(day, WhichMonth::Last), (2025, 12));
        assert_eq!(month_of(day, WhichMonth::This), (2026, 1));
    }
}
