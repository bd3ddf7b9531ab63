//! What the demo company has done by the clock, beside what every organisation has.

use inventory::replenish::Reorder;
use kernel::ids::CompanyId;
use kernel::job::Registry;
use kernel::{Result, Tx};
use people::payroll::{PayrollMonth, WhichMonth};

use super::Demo;
use crate::timetable::{Plan, every, install};

/// The payroll of each month, on its 25th in the morning.
pub(super) async fn payroll(tx: &mut Tx, registry: &Registry, company: CompanyId) -> Result<()> {
    let wanted = PayrollMonth {
        company,
        month: WhichMonth::This,
    };
    let plan = Plan::new("Nómina mensual", "0 6 25 * *").of(company);
    every(tx, registry, &plan, &wanted).await.map(drop)
}

/// The rest of the group's timetable: the shop alone buys by itself.
pub(super) async fn of_the_group(tx: &mut Tx, registry: &Registry, demo: Demo) -> Result<()> {
    payroll(tx, registry, demo.carrier).await?;
    let reorder = Reorder {
        company: Some(demo.company),
        warehouse: None,
        category: None,
        as_of: None,
    };
    let plan = Plan::new("Reposición nocturna", "0 2 * * *").of(demo.company);
    every(tx, registry, &plan, &reorder).await?;
    install(tx, registry).await
}
