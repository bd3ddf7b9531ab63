//! Family situations through the API: what an employee's tax depends on, from a day on.

use async_graphql::{Context, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use futures::FutureExt;
use futures::future::BoxFuture;
use kernel::ids::EmployeeId;
use kernel::{Date, Dec, Tx};
use people::family::{
    self, AscendantInput, DescendantInput, EmployeeFamilyChangeInput, FamilySituation as FamilyRow,
    TaxRegion,
};

use crate::act::{Kept, Payload, act};
use crate::failure::UserError;
use crate::loader::Part;
use crate::people::employee::Employee;
use crate::people::reach::none_if_denied;
use crate::people::shown::{Shown, shown};

/// What an employee's tax depends on.
#[derive(Clone, Debug)]
pub struct FamilySituation(pub FamilyRow);

/// A child, grandchild or ward who lives with an employee.
#[derive(SimpleObject)]
pub struct FamilyDescendant {
    /// Year of birth.
    birth_year: i32,
    /// Year of adoption or fostering.
    adopted_in: Option<i32>,
    /// Whether the other parent counts the other half.
    is_shared: bool,
    /// Degree of disability, 0 to 100 per cent.
    disability: i32,
    /// Whether help of others or reduced mobility is recognised.
    needs_assistance: bool,
}

/// A parent or grandparent who lives with an employee.
#[derive(SimpleObject)]
pub struct FamilyAscendant {
    /// Year of birth.
    birth_year: i32,
    /// How many descendants they live with, the employee included.
    shared_by: i32,
    /// Degree of disability, 0 to 100 per cent.
    disability: i32,
    /// Whether help of others or reduced mobility is recognised.
    needs_assistance: bool,
}

impl From<DescendantInput> for FamilyDescendant {
    fn from(one: DescendantInput) -> Self {
        Self {
            birth_year: one.birth_year,
            adopted_in: one.adopted_in,
            is_shared: one.shared,
            disability: one.disability,
            needs_assistance: one.needs_assistance,
        }
    }
}

impl From<AscendantInput> for FamilyAscendant {
    fn from(one: AscendantInput) -> Self {
        Self {
            birth_year: one.birth_year,
            shared_by: one.shared_by,
            disability: one.disability,
            needs_assistance: one.needs_assistance,
        }
    }
}

/// What an employee's tax depends on, from a day on. Shown only to those to whom pay is open.
#[Object]
impl FamilySituation {
    /// From which day on it counts.
    async fn valid_from(&self) -> Date {
        self.0.valid_from
    }

    /// 1: alone with children; 2: a spouse who earns up to 1,500 euros a year; 3: any other.
    async fn situation(&self) -> i32 {
        self.0.situation.into()
    }

    /// Descendants.
    async fn descendants(&self) -> Vec<FamilyDescendant> {
        self.0.descendants().into_iter().map(Into::into).collect()
    }

    /// Ascendants.
    async fn ascendants(&self) -> Vec<FamilyAscendant> {
        self.0.ascendants().into_iter().map(Into::into).collect()
    }

    /// The employee's own degree of disability, 0 to 100 per cent.
    async fn disability(&self) -> i32 {
        self.0.disability.into()
    }

    /// Whether help of others or reduced mobility is recognised.
    async fn needs_assistance(&self) -> bool {
        self.0.needs_assistance
    }

    /// Whether they moved to take the job.
    async fn mobility(&self) -> bool {
        self.0.mobility
    }

    /// Whether they pay for a home bought before 2013.
    async fn home_loan(&self) -> bool {
        self.0.home_loan
    }

    /// Whether the employment is special (household and the like).
    async fn special_employment(&self) -> bool {
        self.0.special_employment
    }

    /// Where they live.
    async fn region(&self) -> TaxRegion {
        self.0.region
    }

    /// A higher rate that they ask for, in per cent.
    async fn voluntary_rate(&self) -> Option<Dec> {
        self.0.voluntary_rate
    }

    /// When it was recorded.
    async fn recorded_at(&self) -> DateTime<Utc> {
        self.0.recorded_at
    }
}

impl Part for FamilySituation {
    type Of = EmployeeId;

    fn of<'t>(
        tx: &'t mut Tx,
        ids: &'t [EmployeeId],
    ) -> BoxFuture<'t, kernel::Result<Vec<(EmployeeId, Self)>>> {
        async move {
            let found = none_if_denied(family::of_employees(tx, ids).await)?;
            Ok(found
                .into_iter()
                .map(|row| (row.employee_id, Self(row)))
                .collect())
        }
        .boxed()
    }
}

/// An employee with the situation of a day.
pub struct Changed {
    employee: Shown<Employee>,
    valid_from: Date,
    situation: Option<FamilySituation>,
}

async fn changed(tx: &mut Tx, id: EmployeeId, valid_from: Date) -> kernel::Result<Changed> {
    let employee = shown(tx, id).await?;
    let found = FamilySituation::of(tx, &[id]).await?.into_iter();
    let situation = found
        .map(|(_, row)| row)
        .find(|row| row.0.valid_from == valid_from);
    Ok(Changed {
        employee,
        valid_from,
        situation,
    })
}

impl Kept for Changed {
    fn kept(&self) -> serde_json::Value {
        serde_json::json!([self.employee.kept(), self.valid_from])
    }

    fn again<'t>(
        tx: &'t mut Tx,
        kept: &'t serde_json::Value,
    ) -> BoxFuture<'t, kernel::Result<Self>> {
        async move {
            let (id, valid_from) = serde_json::from_value(kept.clone())?;
            changed(tx, EmployeeId(id), valid_from).await
        }
        .boxed()
    }
}

/// What changing a family situation gives.
#[derive(SimpleObject)]
pub struct EmployeeFamilyChangePayload {
    /// The employee.
    employee: Option<Employee>,
    /// What their tax depends on from that day on.
    family_situation: Option<FamilySituation>,
    /// What a person can mend; empty when it was done.
    user_errors: Vec<UserError>,
}

impl Payload for EmployeeFamilyChangePayload {
    type Record = Changed;

    fn done(record: Changed) -> Self {
        Self {
            employee: record.employee.record,
            family_situation: record.situation,
            user_errors: Vec::new(),
        }
    }

    fn refused(user_errors: Vec<UserError>) -> Self {
        Self {
            employee: None,
            family_situation: None,
            user_errors,
        }
    }
}

/// Acts on family situations.
#[derive(Default)]
pub struct FamilyMutation;

#[Object]
impl FamilyMutation {
    /// Records what an employee's tax depends on, from a day on; the one of the same day is
    /// replaced. Needs `people.pay.manage`.
    async fn employee_family_change(
        &self,
        graph: &Context<'_>,
        input: EmployeeFamilyChangeInput,
    ) -> Result<EmployeeFamilyChangePayload> {
        act(graph, false, |tx| {
            Box::pin(async move {
                let row = family::change(tx, input).await?;
                changed(tx, row.employee_id, row.valid_from).await
            })
        })
        .await
    }
}
