//! Acts on employees through the API: hire, one or a file of many, change, leave.

use async_graphql::{Context, Object, Result};
use directory::file::FileStore;
use people::employee::{
    self, EmployeeHireInput, EmployeeImportInput, EmployeeLeaveInput, EmployeeUpdateInput,
};

use crate::act::act;
use crate::call::Call;
use crate::failure;
use crate::kernel::job::Job;
use crate::people::contract::Contract;
use crate::people::employee::Employee;
use crate::people::shown::{shown, shown_pair_payload, shown_payload};

shown_pair_payload! {
    /// What hiring gives.
    EmployeeHirePayload {
        /// The employee.
        employee: Employee,
        /// Their first contract.
        contract: Contract,
    }
}

shown_payload! {
    /// What wanting an import gives.
    EmployeeImportPayload {
        /// The job that hires; follow it by `jobProgressed`. Its `userErrors` say what is wrong
        /// with the rows, each under `rows`, the row's number from 1 and the column; its file has
        /// them all.
        job: Job
    }
    /// What changing an employee's data gives.
    EmployeeUpdatePayload {
        /// The employee.
        employee: Employee
    }
    /// What saying that an employee leaves gives.
    EmployeeLeavePayload {
        /// The employee.
        employee: Employee
    }
}

/// Acts on employees.
#[derive(Default)]
pub struct EmployeeMutation;

#[Object]
impl EmployeeMutation {
    /// Hires an employee with a first contract. Needs `people.employee.manage` and
    /// `people.pay.manage`.
    async fn employee_hire(
        &self,
        graph: &Context<'_>,
        input: EmployeeHireInput,
    ) -> Result<EmployeeHirePayload> {
        act(graph, false, |tx| {
            Box::pin(async move {
                let hired = employee::hire(tx, input).await?;
                Ok((
                    shown(tx, hired.employee.id).await?,
                    shown(tx, hired.contract.id).await?,
                ))
            })
        })
        .await
    }

    /// Has everybody in a CSV file of up to 2,000 rows hired in the background, or nobody. Needs
    /// `people.employee.manage` and `people.pay.manage`.
    async fn employee_import(
        &self,
        graph: &Context<'_>,
        input: EmployeeImportInput,
    ) -> Result<EmployeeImportPayload> {
        let call = Call::of(graph)?;
        let store = call.core().services.get::<FileStore>();
        let store = store.map_err(|error| failure::of(call, error))?;
        // A rehearsal is a job as well, so its wish is committed like any other.
        act(graph, false, move |tx| {
            Box::pin(async move {
                let job = employee::import(tx, &store, input).await?;
                shown(tx, job.id).await
            })
        })
        .await
    }

    /// Changes an employee's data; their account only by `people.pay.manage`. Needs
    /// `people.employee.manage`.
    async fn employee_update(
        &self,
        graph: &Context<'_>,
        input: EmployeeUpdateInput,
    ) -> Result<EmployeeUpdatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move {
                let row = employee::update(tx, input).await?;
                shown(tx, row.id).await
            })
        })
        .await
    }

    /// An employee leaves; their contract ends with their last day. Needs
    /// `people.employee.manage`.
    async fn employee_leave(
        &self,
        graph: &Context<'_>,
        input: EmployeeLeaveInput,
    ) -> Result<EmployeeLeavePayload> {
        act(graph, false, |tx| {
            Box::pin(async move {
                let row = employee::leave(tx, input).await?;
                shown(tx, row.id).await
            })
        })
        .await
    }
}
