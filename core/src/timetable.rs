//! What a new organisation has done by the clock, whatever it does: what its people would otherwise
//! have to ask for. They change, pause or remove each schedule as they like.

use analytics::fill::FillMeasures;
use compliance::scan::RunScan;
use inventory::replenish::Reorder;
use kernel::ids::{CompanyId, ScheduleId};
use kernel::job::{Job, Registry};
use kernel::page::PageRequest;
use kernel::schedule::{self, CatchUp, ScheduleCreateInput};
use kernel::{Result, Tx};
use processes::job::EscalateApprovals;
use processes::task::Escalate;
use technology::check::CheckSystems;

/// Where the hours of the timetable are those of the clock.
const ZONE: &str = "Europe/Madrid";

/// Gives an organisation its timetable: checks of systems every minute; approvals and tasks that
/// wait too long every quarter of an hour; at night the reorder of stock, the measures and the
/// compliance scan. A kind of job that has a schedule already keeps the one that it has.
pub async fn install(tx: &mut Tx, registry: &Registry) -> Result<()> {
    let page = schedule::page(tx, PageRequest::default()).await?;
    let known: Vec<String> = page.into_rows().into_iter().map(|row| row.kind).collect();
    let mut installing = Installing {
        tx,
        registry,
        known,
    };
    let checks = Plan::new("Comprobación de sistemas", "* * * * *").within(5);
    installing.add(&checks, &CheckSystems::default()).await?;
    let approvals = Plan::new("Aprobaciones que esperan demasiado", "*/15 * * * *");
    let wanted = EscalateApprovals::default();
    installing.add(&approvals, &wanted).await?;
    let tasks = Plan::new("Tareas fuera de plazo", "*/15 * * * *");
    installing.add(&tasks, &Escalate::default()).await?;
    let stock = Plan::new("Reposición nocturna", "0 2 * * *");
    let reorder = Reorder {
        company: None,
        warehouse: None,
        category: None,
        as_of: None,
    };
    installing.add(&stock, &reorder).await?;
    let measures = Plan::new("Indicadores", "0 3 * * *");
    installing.add(&measures, &FillMeasures::default()).await?;
    let scan = Plan::new("Escaneo de cumplimiento", "0 4 * * *");
    installing.add(&scan, &RunScan::default()).await
}

struct Installing<'a> {
    tx: &'a mut Tx,
    registry: &'a Registry,
    known: Vec<String>,
}

impl Installing<'_> {
    async fn add<J: Job>(&mut self, plan: &Plan<'_>, wanted: &J) -> Result<()> {
        if !self.known.iter().any(|kind| kind == J::KIND) {
            every(self.tx, self.registry, plan, wanted).await?;
        }
        Ok(())
    }
}

/// When something is done, and what that is called.
pub(crate) struct Plan<'a> {
    name: &'a str,
    cron: &'a str,
    company: Option<CompanyId>,
    within_minutes: i32,
}

impl<'a> Plan<'a> {
    /// For the whole organisation, and done within an hour.
    pub fn new(name: &'a str, cron: &'a str) -> Self {
        Self {
            name,
            cron,
            company: None,
            within_minutes: 60,
        }
    }

    /// For one company.
    pub fn of(self, company: CompanyId) -> Self {
        Self {
            company: Some(company),
            ..self
        }
    }

    /// Done within so many minutes, or an alarm is raised.
    fn within(self, within_minutes: i32) -> Self {
        Self {
            within_minutes,
            ..self
        }
    }
}

/// Has a job done by the clock.
pub(crate) async fn every<J: Job>(
    tx: &mut Tx,
    registry: &Registry,
    plan: &Plan<'_>,
    wanted: &J,
) -> Result<ScheduleId> {
    let input = ScheduleCreateInput {
        id: None,
        name: plan.name.to_owned(),
        kind: J::KIND.to_owned(),
        payload: serde_json::to_string(wanted)?,
        company_id: plan.company,
        cron: plan.cron.to_owned(),
        zone: ZONE.to_owned(),
        catch_up: CatchUp::Once,
        expected_within_minutes: Some(plan.within_minutes),
    };
    Ok(schedule::create(tx, registry, input).await?.id)
}
