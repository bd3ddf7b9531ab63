//! Wanting a run by hand.

use async_graphql::InputObject;
use kernel::ids::{CompanyId, ItemCategoryId, WarehouseId};
use kernel::job::{Enqueue, JobRow};
use kernel::{Date, Fault, Faults, Result, Tx};

use super::Reorder;
use crate::permission::REPLENISHMENT_MANAGE;
use crate::{fault, known};

/// Looks now at what warehouses keep, and proposes what to order.
#[derive(Clone, Debug, Default, InputObject)]
pub struct ReplenishmentRunInput {
    /// The company; all of them when absent.
    pub company: Option<CompanyId>,
    /// The warehouse; all of them when absent.
    pub warehouse: Option<WarehouseId>,
    /// The category of items; all of them when absent.
    pub category: Option<ItemCategoryId>,
    /// The day as of whose end it looks; today when absent.
    pub as_of: Option<Date>,
    /// Only tells what would be proposed, as the job's figures.
    #[graphql(default)]
    pub dry_run: bool,
}

/// Wants a run.
///
/// # Errors
/// A company or warehouse that is not there, or where the actor may not; a day to come.
#[tracing::instrument(skip_all, err)]
pub async fn enqueue_run(tx: &mut Tx, command: ReplenishmentRunInput) -> Result<JobRow> {
    let scope = tx.require(REPLENISHMENT_MANAGE)?;
    let mut company = command.company;
    let mut faults = Faults::new();
    if let Some(warehouse) = command.warehouse {
        let owner = known::warehouse_company(tx, warehouse)
            .await?
            .filter(|owner| company.is_none_or(|company| company == *owner));
        faults.check(owner.is_some(), || {
            Fault::not_found(fault::WAREHOUSE_NOT_FOUND).at(["warehouse"])
        });
        company = company.or(owner);
    }
    if let Some(company) = company {
        faults.check(scope.covers(Some(company), None), || {
            Fault::not_found(fault::COMPANY_NOT_FOUND).at(["company"])
        });
    }
    // Wherever it is latest, tomorrow has not begun when it has not in UTC+14.
    let latest = (tx.now() + chrono::TimeDelta::hours(14)).date_naive();
    faults.check(command.as_of.is_none_or(|day| day.0 <= latest), || {
        Fault::invalid(fault::AS_OF_IN_FUTURE).at(["asOf"])
    });
    faults.finish()?;
    let wanted = Reorder {
        company: command.company,
        warehouse: command.warehouse,
        category: command.category,
        as_of: command.as_of,
    };
    let how = Enqueue {
        company,
        dry_run: command.dry_run,
        ..Enqueue::default()
    };
    kernel::job::enqueue(tx, &wanted, how).await
}
