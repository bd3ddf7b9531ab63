//! Acts on employees through the API: hire, one or a file of many, change, leave.

use async_graphql::{Context, Object, Result, SimpleObject};
use futures::FutureExt;
use futures::future::BoxFuture;
use kernel::Tx;
use kernel::ids::EmployeeId;
use people::employee::{
    self, EmployeeHireInput, EmployeeImportInput, EmployeeLeaveInput, EmployeeUpdateInput,
};

use crate::act::{Kept, Payload, act};
use crate::failure::UserError;
use crate::loader::Noun;
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

/// Who was hired by an import, as far as they may be seen.
pub struct Hired {
    ids: Vec<EmployeeId>,
    employees: Vec<Employee>,
}

async fn hired(tx: &mut Tx, ids: Vec<EmployeeId>) -> kernel::Result<Hired> {
    let mut employees = Employee::by_ids(tx, &ids).await?;
    employees.sort_by_key(|employee| employee.0.number);
    Ok(Hired { ids, employees })
}

impl Kept for Hired {
    fn kept(&self) -> serde_json::Value {
        serde_json::json!(self.ids)
    }

    fn again<'t>(
        tx: &'t mut Tx,
        kept: &'t serde_json::Value,
    ) -> BoxFuture<'t, kernel::Result<Self>> {
        async move { hired(tx, serde_json::from_value(kept.clone())?).await }.boxed()
    }
}

/// What an import gives.
#[derive(SimpleObject)]
pub struct EmployeeImportPayload {
    /// How many were hired, or would have been.
    hired_count: Option<i32>,
    /// Who was hired, in the order of the rows.
    employees: Vec<Employee>,
    /// What a person can mend, of all rows at once: the path names the row, from 1, and the
    /// column. Empty when it was done.
    user_errors: Vec<UserError>,
}

impl Payload for EmployeeImportPayload {
    type Record = Hired;

    fn done(record: Hired) -> Self {
        Self {
            hired_count: i32::try_from(record.ids.len()).ok(),
            employees: record.employees,
            user_errors: Vec::new(),
        }
    }

    fn refused(user_errors: Vec<UserError>) -> Self {
        Self {
            hired_count: None,
            employees: Vec::new(),
            user_errors,
        }
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

    /// Hires everybody in a CSV file of up to 2,000 rows, or nobody. Needs
    /// `people.employee.manage` and `people.pay.manage`.
    async fn employee_import(
        &self,
        graph: &Context<'_>,
        input: EmployeeImportInput,
    ) -> Result<EmployeeImportPayload> {
        act(graph, input.dry_run, |tx| {
            Box::pin(async move {
                let imported = employee::import(tx, input).await?;
                let ids = imported.hired.iter().map(|one| one.employee.id).collect();
                hired(tx, ids).await
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
