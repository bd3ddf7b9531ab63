//! The job that fills the series: one item a measure and company.
//!
//! Round trips of an item: fill 1, read the series 2, keep what it says 1 and its anomalies 1, and
//! one for each that stands out. The series commits before it is studied, because that takes time
//! and repeats harmlessly; the findings commit with the item's mark.

mod plan;

use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::InputObject;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use directory::check::Input;
use futures::FutureExt;
use kernel::ids::CompanyId;
use kernel::job::{Enqueue, Job, JobRow, JobRun};
use kernel::{Date, Error, Fault, Faults, Permission, Result, Tx};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::measure::MeasureKey;
use crate::model::{Findings, Steps, study};
use crate::permission::MEASURE_MANAGE;
use crate::{anomaly, fault, series};
use plan::Plan;

/// Fills measures.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct FillMeasures {
    /// Of these companies; of all in the actor's scope when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub companies: Vec<CompanyId>,
    /// These measures; all when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measures: Vec<MeasureKey>,
    /// From this day on; a month before the last known day when absent, or from the first entry of
    /// the books.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Date>,
    /// To this day; yesterday when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Date>,
}

/// Has measures filled.
#[derive(Clone, Debug, Default, InputObject)]
pub struct AnalyticsFillRunInput {
    /// Of these companies; of all where one may when absent.
    pub companies: Option<Vec<CompanyId>>,
    /// These measures; all when absent.
    pub measures: Option<Vec<MeasureKey>>,
    /// From this day on; a month before the last known day when absent.
    pub from_date: Option<Date>,
    /// To this day, which is over; yesterday when absent.
    pub to_date: Option<Date>,
    /// Only tells how many values would change, as the job's result.
    #[graphql(default)]
    pub dry_run: bool,
}

/// Has measures filled and analysed.
///
/// # Errors
/// Every fault of the input at once.
#[tracing::instrument(skip_all, err)]
pub async fn enqueue_run(tx: &mut Tx, command: AnalyticsFillRunInput) -> Result<JobRow> {
    let scope = tx.require(MEASURE_MANAGE)?;
    let companies = command.companies.unwrap_or_default();
    let known = known(tx, &companies).await?;
    let mut faults = Faults::new();
    for (index, id) in companies.iter().enumerate() {
        let fits = known.contains(id) && scope.covers(Some(*id), None);
        faults.check(fits, || {
            let path = ["companies".to_owned(), index.to_string()];
            Fault::not_found(fault::COMPANY_NOT_FOUND).at(path)
        });
    }
    faults.take(check_range(tx, command.from_date, command.to_date))?;
    faults.finish()?;
    let wanted = FillMeasures {
        companies,
        measures: command.measures.unwrap_or_default(),
        from: command.from_date,
        to: command.to_date,
    };
    let how = Enqueue {
        company: alone(&wanted.companies),
        dry_run: command.dry_run,
        ..Enqueue::default()
    };
    kernel::job::enqueue(tx, &wanted, how).await
}

/// The company of a job for one company.
fn alone(companies: &[CompanyId]) -> Option<CompanyId> {
    match companies {
        [one] => Some(*one),
        _ => None,
    }
}

fn check_range(tx: &Tx, from: Option<Date>, to: Option<Date>) -> Result<()> {
    let today = tx.now().date_naive();
    let last = to.map_or(today, |to| to.0);
    let mut input = Input::new();
    input.check(to.is_none_or(|to| to.0 <= today), || {
        Fault::invalid(fault::NOT_OVER).at(["toDate"])
    });
    if let Some(from) = from {
        input.check(from.0 <= last, || {
            Fault::invalid("kernel.dates_out_of_order").at(["fromDate"])
        });
        input.check((last - from.0).num_days() < series::MOST_DAYS, || {
            Fault::invalid(fault::RANGE_TOO_LONG)
                .with("most", series::MOST_DAYS)
                .at(["fromDate"])
        });
    }
    input.finish()
}

async fn known(tx: &mut Tx, ids: &[CompanyId]) -> Result<Vec<CompanyId>> {
    use directory::schema::company;
    Ok(company::table
        .filter(company::organisation_id.eq(tx.organisation()))
        .filter(company::id.eq_any(ids))
        .select(company::id)
        .load(tx.conn())
        .await?)
}

impl Job for FillMeasures {
    const KIND: &'static str = "analytics.fill";
    const QUEUE: &'static str = "analytics";
    const PERMISSION: Permission = MEASURE_MANAGE;
    const SCHEDULABLE: bool = true;

    fn company(&self) -> Option<CompanyId> {
        alone(&self.companies)
    }

    /// Gives how many series there are, how many values changed, how many anomalies were found and
    /// how many are gone.
    async fn run(self, job: JobRun) -> Result<Value> {
        let clock = job.db().clock().clone();
        let wanted = self;
        let plans = job
            .read(move |tx| async move { wanted.plans(tx, &clock).await }.boxed())
            .await?;
        if job.is_dry_run() {
            return rehearse(&job, plans).await;
        }
        let keys: Vec<Uuid> = plans.iter().map(Plan::item).collect();
        let open = job.pending(&keys).await?;
        let mut told = Told::default();
        let series = plans.len();
        for plan in plans.into_iter().filter(|it| open.contains(&it.item())) {
            fill_one(&job, plan, &mut told).await?;
        }
        let told = told.told(series);
        job.finish(move |_| async move { Ok(told) }.boxed()).await
    }
}

/// Fills and analyses one series.
async fn fill_one(job: &JobRun, plan: Plan, told: &mut Told) -> Result<()> {
    let filled = {
        let plan = plan.clone();
        job.write(move |tx| async move { plan.fill(tx).await }.boxed())
            .await
    };
    let changed = match filled {
        Ok(changed) => changed,
        Err(error @ (Error::Refused(_) | Error::Bug(_))) => {
            return job
                .item(plan.item(), move |_| async move { Err(error) }.boxed())
                .await;
        }
        Err(error) => return Err(error),
    };
    told.changed += changed;
    let steps = {
        let (key, company) = (plan.key, plan.company);
        job.read(move |tx| async move { series::steps(tx, key, company).await }.boxed())
            .await?
    };
    let (findings, steps) = studied(plan.key, steps).await?;
    let settled = Arc::new(Mutex::new(anomaly::Settled::default()));
    let kept = settled.clone();
    job.item(plan.item(), move |tx| {
        async move {
            let settled = plan.keep(tx, &steps, findings).await?;
            *kept.lock().unwrap_or_else(PoisonError::into_inner) = settled;
            Ok(())
        }
        .boxed()
    })
    .await?;
    let settled = *settled.lock().unwrap_or_else(PoisonError::into_inner);
    told.found += settled.found;
    told.gone += settled.gone;
    Ok(())
}

/// Studies a series away from the threads that serve others.
async fn studied(key: MeasureKey, steps: Steps) -> Result<(Findings, Steps)> {
    let work = tokio::task::spawn_blocking(move || {
        let mut findings = study(&steps);
        if !key.finds_anomalies() {
            findings.outliers.clear();
        }
        (findings, steps)
    });
    work.await
        .map_err(|error| Error::bug(format!("a series could not be studied: {error}")))
}

/// Fills everything and keeps nothing.
async fn rehearse(job: &JobRun, plans: Vec<Plan>) -> Result<Value> {
    let mut told = Told::default();
    let series = plans.len();
    for plan in plans {
        told.changed += job
            .read(move |tx| async move { plan.fill(tx).await }.boxed())
            .await?;
    }
    Ok(json!({ "series": series, "valuesChanged": told.changed }))
}

/// What a run has come to.
#[derive(Debug, Default)]
struct Told {
    changed: u64,
    found: u64,
    gone: u64,
}

impl Told {
    fn told(&self, series: usize) -> Value {
        json!({
            "series": series,
            "valuesChanged": self.changed,
            "anomaliesFound": self.found,
            "anomaliesGone": self.gone,
        })
    }
}
