//! The payrolls of two years: those up to 2025 as entries brought over from the former program, those
//! of 2026 calculated, approved and in the books, month by month, company by company.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Datelike, Months, NaiveDate, TimeDelta, Utc};
use kernel::ids::{CompanyId, EntryId, JobId, PayrollRunId};
use kernel::job::relay::Ticket;
use kernel::job::{self, JobStatus, Registry, Services, Worker};
use kernel::{Context, Date, Db, Dec, Error, Result, Tx};
use ledger::entry::EntryPostInput;
use people::payroll::{
    self, PayrollRunApproveInput, PayrollRunCalculateInput, PayrollRunDraftInput, PayrollRunKind,
    PayrollRunPostInput, PayrollRunSubmitInput,
};
use rust_decimal::Decimal;

use super::catalogue::cents;
use super::chance::Chance;
use super::{Cast, Demo, numbers, planted};

/// The months that are in the books when the demo begins, first and last.
const MONTHS: ((i32, u32), (i32, u32)) = ((2024, 11), (2026, 10));

/// The first year whose payrolls were made here; its rules are all there.
const FIRST_YEAR: i32 = 2026;

/// Runs the payroll of every month of both companies that is not in the books yet. Tells after
/// each how many there are and how many are done.
pub(super) async fn pay(
    db: &Db,
    registry: &Registry,
    cast: &Cast,
    demo: Demo,
    scale: usize,
    done: &(dyn Fn(u64, u64) + Sync),
) -> Result<()> {
    let months = months()?;
    let total = u64::try_from(months.len() * 2).unwrap_or_default();
    let worker = Worker {
        name: "demo".to_owned(),
        db: db.clone(),
        registry: Arc::new(registry.clone()),
        services: Services::new(),
        lease: Duration::from_secs(60),
    };
    let mut count = 0;
    for month in months {
        for company in [demo.company, demo.carrier] {
            if month.year() < FIRST_YEAR {
                bring_over(db, cast, demo, company, month, scale).await?;
            } else {
                pay_month(&worker, cast, demo, company, month).await?;
            }
            count += 1;
            done(count, total);
        }
    }
    Ok(())
}

/// The first days of the months that are in the books when the demo begins.
pub(super) fn months() -> Result<Vec<NaiveDate>> {
    let ((from_year, from_month), (to_year, to_month)) = MONTHS;
    let (first, last) = (
        numbers::day(from_year, from_month, 1)?.0,
        numbers::day(to_year, to_month, 1)?.0,
    );
    let next = |month: &NaiveDate| month.checked_add_months(Months::new(1));
    Ok(std::iter::successors(Some(first), next)
        .take_while(|month| *month <= last)
        .collect())
}

/// Posts the payroll of a month of the former program, as its summary had it: gross, contributions
/// of both sides, tax withheld, and the net as paid.
async fn bring_over(
    db: &Db,
    cast: &Cast,
    demo: Demo,
    company: CompanyId,
    month: NaiveDate,
    scale: usize,
) -> Result<()> {
    let last = month + Months::new(1) - chrono::Days::new(1);
    let at = last.and_time(chrono::NaiveTime::MIN).and_utc() + TimeDelta::hours(17);
    let mut tx = db.begin(&cast.at("elena.campos", at)?).await?;
    let id = EntryId(demo.id(&format!("{company}/brought-over/{month}")));
    if ledger::entry::find(&mut tx, id).await?.is_none() {
        let entry = brought_over(demo, company, (month, last), scale, id);
        ledger::entry::post_manual(&mut tx, entry).await?;
    }
    tx.commit().await
}

fn brought_over(
    demo: Demo,
    company: CompanyId,
    (month, last): (NaiveDate, NaiveDate),
    scale: usize,
    id: EntryId,
) -> EntryPostInput {
    let mut chance = Chance::of(&format!("wages/{month}"));
    let usual = if company == demo.company {
        165_000
    } else {
        62_000
    };
    let extra = if matches!(month.month(), 6 | 12) {
        2
    } else {
        1
    };
    let gross = usual * extra * chance.between(97, 103);
    let gross = cents(gross * u64::try_from(scale).unwrap_or(1));
    let part = |per_mille: i64| (gross * Decimal::new(per_mille, 3)).round_dp(2);
    let (own, tax, employer) = (part(65), part(132), part(317));
    let line = |account: &str, debit: Option<Decimal>, credit: Option<Decimal>| {
        planted::line(account, debit.map(Dec), credit.map(Dec))
    };
    EntryPostInput {
        id: Some(id),
        company_id: company,
        journal: ledger::journal::GENERAL.to_owned(),
        date: Date(last),
        memo: "Nómina traída del programa anterior".to_owned(),
        lines: vec![
            line("640", Some(gross), None),
            line("642", Some(employer), None),
            line("476", None, Some(own + employer)),
            line("4751", None, Some(tax)),
            line("572", None, Some(gross - own - tax)),
        ],
        dry_run: false,
    }
}

async fn pay_month(
    worker: &Worker,
    cast: &Cast,
    demo: Demo,
    company: CompanyId,
    month: NaiveDate,
) -> Result<()> {
    let at = |day: u64, hour: i64| -> DateTime<Utc> {
        let day = month + chrono::Days::new(day - 1);
        day.and_time(chrono::NaiveTime::MIN).and_utc() + TimeDelta::hours(hour)
    };
    let clerk = cast.at("marta.ruiz", at(25, 9))?;
    let approver = cast.at("javier.ortega", at(27, 10))?;
    let Some(calculation) = calculation(worker, &clerk, demo, company, month).await? else {
        return Ok(());
    };
    let ticket = Ticket {
        organisation: clerk.organisation(),
        job: calculation.1,
        queue: "people".to_owned(),
        attempt: 0,
    };
    let ended = job::execute(worker, ticket).await?;
    if ended != Some(JobStatus::Succeeded) {
        return Err(Error::bug(format!(
            "the payroll of {month} ended as {ended:?}"
        )));
    }
    let id = calculation.0;
    let mut tx = worker.db.begin(&clerk).await?;
    payroll::submit(
        &mut tx,
        PayrollRunSubmitInput {
            id,
            expected_version: None,
            dry_run: false,
        },
    )
    .await?;
    tx.commit().await?;
    let mut tx = worker.db.begin(&approver).await?;
    let approve = PayrollRunApproveInput {
        id,
        comment: Some("Revisado con el mes anterior.".to_owned()),
        expected_version: None,
        dry_run: false,
    };
    payroll::approve(&mut tx, approve).await?;
    tx.commit().await?;
    let mut tx = worker.db.begin(&clerk).await?;
    payroll::post(
        &mut tx,
        PayrollRunPostInput {
            id,
            expected_version: None,
            dry_run: false,
        },
    )
    .await?;
    filed(&mut tx, id).await?;
    tx.commit().await
}

/// Drafts the run of a month and wants it calculated; `None` when it is in the books already.
async fn calculation(
    worker: &Worker,
    clerk: &Arc<Context>,
    demo: Demo,
    company: CompanyId,
    month: NaiveDate,
) -> Result<Option<(PayrollRunId, JobId)>> {
    let mut tx = worker.db.begin(clerk).await?;
    let id = PayrollRunId(demo.id(&format!("{company}/payroll/{month}")));
    if payroll::find(&mut tx, id).await?.is_some() {
        tx.rollback().await?;
        return Ok(None);
    }
    let draft = PayrollRunDraftInput {
        id: Some(id),
        company,
        year: month.year(),
        month: i32::try_from(month.month()).unwrap_or(1),
        kind: PayrollRunKind::Regular,
        corrects: None,
        pay_date: None,
        dry_run: false,
    };
    payroll::draft(&mut tx, draft).await?;
    let calculate = PayrollRunCalculateInput {
        id,
        expected_version: None,
        dry_run: false,
    };
    let job = payroll::enqueue_calculation(&mut tx, calculate).await?;
    tx.commit().await?;
    Ok(Some((id, job.id)))
}

/// The slips of past months lie in the former archive: their delivery is called off.
async fn filed(tx: &mut Tx, run: PayrollRunId) -> Result<()> {
    let delivery = format!("payroll.deliver:{run}");
    if let Some(job) = job::find_by_key(tx, &delivery).await? {
        job::cancel(tx, job.id).await?;
    }
    Ok(())
}
