//! What the demo company has done by the clock.

use compliance::scan::RunScan;
use inventory::replenish::Reorder;
use kernel::ids::CompanyId;
use kernel::job::{Job, Registry};
use kernel::schedule::{self, CatchUp, ScheduleCreateInput};
use kernel::{Result, Tx};
use people::payroll::{PayrollMonth, WhichMonth};

use super::Demo;

/// The payroll of each month, on its 25th in the morning.
pub(super) async fn payroll(tx: &mut Tx, registry: &Registry, company: CompanyId) -> Result<()> {
    let wanted = PayrollMonth {
        company,
        month: WhichMonth::This,
    };
    every(
        tx,
        registry,
        "Nómina mensual",
        Some(company),
        "0 6 25 * *",
        &wanted,
    )
    .await
}

/// The rest of the group's timetable.
pub(super) async fn of_the_group(tx: &mut Tx, registry: &Registry, demo: Demo) -> Result<()> {
    payroll(tx, registry, demo.carrier).await?;
    let reorder = Reorder {
        company: Some(demo.company),
        warehouse: None,
        category: None,
        as_of: None,
    };
    let company = Some(demo.company);
    every(
        tx,
        registry,
        "Reposición nocturna",
        company,
        "0 2 * * *",
        &reorder,
    )
    .await?;
    let scan = RunScan {
        rules: None,
        company: None,
    };
    every(
        tx,
        registry,
        "Escaneo de cumplimiento",
        None,
        "0 4 * * *",
        &scan,
    )
    .await
}

async fn every<J: Job>(
    tx: &mut Tx,
    registry: &Registry,
    name: &str,
    company: Option<CompanyId>,
    cron: &str,
    wanted: &J,
) -> Result<()> {
    let input = ScheduleCreateInput {
        id: None,
        name: name.to_owned(),
        kind: J::KIND.to_owned(),
        payload: serde_json::to_string(wanted)?,
        company_id: company,
        cron: cron.to_owned(),
        zone: "Europe/Madrid".to_owned(),
        catch_up: CatchUp::Once,
        expected_within_minutes: Some(60),
    };
    schedule::create(tx, registry, input).await?;
    Ok(())
}
