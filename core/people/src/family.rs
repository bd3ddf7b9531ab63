//! The family situation of an employee (form 145), from a day on. A change is a new row; the one of
//! the same day is replaced.

use async_graphql::InputObject;
use chrono::{DateTime, Datelike, Utc};
use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use directory::check::Input;
use kernel::ids::{EmployeeId, OrganisationId};
use kernel::{Date, Dec, Fault, Result, Tx};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::permission::{PAY_MANAGE, PAY_READ};
use crate::schema::family_situation;
use crate::{employee, fault};

kernel::text_enum! {
    /// Where an employee lives, for the part of the tax that is withheld.
    pub enum TaxRegion {
        /// Common territory.
        Common = "COMMON",
        /// Ceuta or Melilla.
        CeutaMelilla = "CEUTA_MELILLA",
        /// La Palma.
        LaPalma = "LA_PALMA",
    }
}

/// A child, grandchild or ward who lives with the employee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, InputObject)]
#[serde(rename_all = "camelCase")]
pub struct DescendantInput {
    /// Year of birth.
    pub birth_year: i32,
    /// Year of adoption or fostering.
    pub adopted_in: Option<i32>,
    /// Whether the other parent counts the other half.
    #[graphql(default)]
    pub shared: bool,
    /// Degree of disability, 0 to 100 per cent.
    #[graphql(default)]
    pub disability: i32,
    /// Whether help of others or reduced mobility is recognised.
    #[graphql(default)]
    pub needs_assistance: bool,
}

/// A parent or grandparent who lives with the employee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, InputObject)]
#[serde(rename_all = "camelCase")]
pub struct AscendantInput {
    /// Year of birth.
    pub birth_year: i32,
    /// How many descendants they live with, the employee included.
    #[graphql(default = 1)]
    pub shared_by: i32,
    /// Degree of disability, 0 to 100 per cent.
    #[graphql(default)]
    pub disability: i32,
    /// Whether help of others or reduced mobility is recognised.
    #[graphql(default)]
    pub needs_assistance: bool,
}

/// What the rate of withholding depends on.
#[derive(Clone, Debug, InputObject)]
pub struct FamilySituationInput {
    /// 1: alone with children; 2: a spouse who earns up to 1,500 euros a year; 3: any other.
    #[graphql(default = 3)]
    pub situation: i32,
    /// Descendants.
    #[graphql(default)]
    pub descendants: Vec<DescendantInput>,
    /// Ascendants.
    #[graphql(default)]
    pub ascendants: Vec<AscendantInput>,
    /// The employee's own degree of disability, 0 to 100 per cent.
    #[graphql(default)]
    pub disability: i32,
    /// Whether help of others or reduced mobility is recognised.
    #[graphql(default)]
    pub needs_assistance: bool,
    /// Whether they moved to take the job.
    #[graphql(default)]
    pub mobility: bool,
    /// Whether they pay for a home bought before 2013.
    #[graphql(default)]
    pub home_loan: bool,
    /// Whether the employment is special (household and the like).
    #[graphql(default)]
    pub special_employment: bool,
    /// Where they live.
    #[graphql(default_with = "TaxRegion::Common")]
    pub region: TaxRegion,
    /// A higher rate that they ask for, in per cent.
    pub voluntary_rate: Option<Dec>,
}

impl Default for FamilySituationInput {
    fn default() -> Self {
        Self {
            situation: 3,
            descendants: Vec::new(),
            ascendants: Vec::new(),
            disability: 0,
            needs_assistance: false,
            mobility: false,
            home_loan: false,
            special_employment: false,
            region: TaxRegion::Common,
            voluntary_rate: None,
        }
    }
}

/// A family situation as recorded.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = family_situation, check_for_backend(diesel::pg::Pg))]
pub struct FamilySituation {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The employee.
    pub employee_id: EmployeeId,
    /// From which day on.
    pub valid_from: Date,
    /// 1, 2 or 3.
    pub situation: i16,
    /// Descendants; see [`FamilySituation::descendants`].
    #[diesel(column_name = descendants)]
    pub descendants_json: serde_json::Value,
    /// Ascendants; see [`FamilySituation::ascendants`].
    #[diesel(column_name = ascendants)]
    pub ascendants_json: serde_json::Value,
    /// The employee's own degree of disability.
    pub disability: i16,
    /// Whether help of others or reduced mobility is recognised.
    pub needs_assistance: bool,
    /// Whether they moved to take the job.
    pub mobility: bool,
    /// Whether they pay for a home bought before 2013.
    pub home_loan: bool,
    /// Whether the employment is special.
    pub special_employment: bool,
    /// Where they live.
    pub region: TaxRegion,
    /// A higher rate that they ask for, in per cent.
    pub voluntary_rate: Option<Dec>,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
}

impl FamilySituation {
    /// The descendants.
    pub fn descendants(&self) -> Vec<DescendantInput> {
        serde_json::from_value(self.descendants_json.clone()).unwrap_or_default()
    }

    /// The ascendants.
    pub fn ascendants(&self) -> Vec<AscendantInput> {
        serde_json::from_value(self.ascendants_json.clone()).unwrap_or_default()
    }
}

impl FamilySituationInput {
    /// The row of it, with every fault noted under a path.
    pub(crate) fn row(
        &self,
        tx: &Tx,
        employee: EmployeeId,
        valid_from: Date,
        input: &mut Input,
        under: &str,
    ) -> FamilySituation {
        // Who is recorded years after their first day may have had children since.
        let year = valid_from.0.year().max(tx.now().date_naive().year());
        self.check(year, input, under);
        FamilySituation {
            organisation_id: tx.organisation(),
            employee_id: employee,
            valid_from,
            situation: i16::try_from(self.situation).unwrap_or_default(),
            descendants_json: json!(self.descendants),
            ascendants_json: json!(self.ascendants),
            disability: i16::try_from(self.disability).unwrap_or_default(),
            needs_assistance: self.needs_assistance,
            mobility: self.mobility,
            home_loan: self.home_loan,
            special_employment: self.special_employment,
            region: self.region,
            voluntary_rate: self.voluntary_rate,
            recorded_at: tx.now(),
        }
    }

    fn check(&self, year: i32, input: &mut Input, under: &str) {
        let path = |field: String| -> Vec<String> {
            format!("{under}{field}")
                .split('.')
                .map(str::to_owned)
                .collect()
        };
        input.check((1..=3).contains(&self.situation), || {
            Fault::invalid(fault::UNKNOWN_SITUATION)
                .with("situation", self.situation)
                .at(path("situation".into()))
        });
        input.check(self.situation != 1 || !self.descendants.is_empty(), || {
            Fault::invalid(fault::SITUATION_WITHOUT_DESCENDANTS).at(path("situation".into()))
        });
        let hundred = Decimal::ONE_HUNDRED;
        let rate = self.voluntary_rate.unwrap_or_default().0;
        input.check(
            rate >= Decimal::ZERO && rate <= hundred && rate.scale() <= 2,
            || Fault::invalid(fault::PER_CENT).at(path("voluntaryRate".into())),
        );
        let mut degrees = vec![("disability".to_owned(), self.disability)];
        let mut years = Vec::new();
        for (at, one) in self.descendants.iter().enumerate() {
            degrees.push((format!("descendants.{at}.disability"), one.disability));
            years.push((format!("descendants.{at}.birthYear"), one.birth_year));
            years.extend(
                one.adopted_in
                    .map(|y| (format!("descendants.{at}.adoptedIn"), y)),
            );
        }
        for (at, one) in self.ascendants.iter().enumerate() {
            degrees.push((format!("ascendants.{at}.disability"), one.disability));
            years.push((format!("ascendants.{at}.birthYear"), one.birth_year));
            input.check((1..=20).contains(&one.shared_by), || {
                Fault::invalid(fault::SHARED_BY).at(path(format!("ascendants.{at}.sharedBy")))
            });
        }
        for (field, degree) in degrees {
            input.check((0..=100).contains(&degree), || {
                Fault::invalid(fault::PER_CENT).at(path(field))
            });
        }
        for (field, born) in years {
            input.check((year - 130..=year + 1).contains(&born), || {
                Fault::invalid(fault::BIRTH_YEAR)
                    .with("year", born)
                    .at(path(field))
            });
        }
    }
}

/// Records a family situation from a day on.
#[derive(Clone, Debug, InputObject)]
pub struct EmployeeFamilyChangeInput {
    /// The employee.
    pub id: EmployeeId,
    /// From which day on it counts.
    pub valid_from: Date,
    /// The whole situation.
    pub family: FamilySituationInput,
}

/// Records what an employee's tax depends on, from a day on.
#[tracing::instrument(skip_all, fields(employee.id = %command.id), err)]
pub async fn change(tx: &mut Tx, command: EmployeeFamilyChangeInput) -> Result<FamilySituation> {
    let employee = employee::lock(tx, command.id, PAY_MANAGE, "id").await?;
    let mut input = Input::new();
    let row = command
        .family
        .row(tx, employee.id, command.valid_from, &mut input, "family.");
    input.check(command.valid_from >= employee.hired_on, || {
        Fault::invalid(fault::DATES_OUT_OF_ORDER).at(["validFrom"])
    });
    input.finish()?;
    use family_situation as t;
    diesel::insert_into(t::table)
        .values(&row)
        .on_conflict((t::organisation_id, t::employee_id, t::valid_from))
        .do_update()
        .set((
            t::situation.eq(excluded(t::situation)),
            t::descendants.eq(excluded(t::descendants)),
            t::ascendants.eq(excluded(t::ascendants)),
            t::disability.eq(excluded(t::disability)),
            t::needs_assistance.eq(excluded(t::needs_assistance)),
            t::mobility.eq(excluded(t::mobility)),
            t::home_loan.eq(excluded(t::home_loan)),
            t::special_employment.eq(excluded(t::special_employment)),
            t::region.eq(excluded(t::region)),
            t::voluntary_rate.eq(excluded(t::voluntary_rate)),
            t::recorded_at.eq(excluded(t::recorded_at)),
        ))
        .execute(tx.conn())
        .await?;
    let event = employee
        .event("people.employee.family_changed", PAY_READ)
        .set("validFrom", row.valid_from)
        .set_guarded("situation", row.situation, PAY_READ)
        .set_guarded("descendants", command.family.descendants.len(), PAY_READ);
    tx.emit(event).await?;
    Ok(row)
}

/// The situations of some employees whose pay is open to the actor, the latest first.
pub async fn of_employees(tx: &mut Tx, ids: &[EmployeeId]) -> Result<Vec<FamilySituation>> {
    let mut open = employee::by_ids(tx, ids).await?;
    open.retain(|row| row.is_open_to(tx.actor()));
    let open: Vec<EmployeeId> = open.iter().map(|row| row.id).collect();
    load(tx, &open).await
}

/// The situations of some employees for payroll, the latest first.
pub(crate) async fn load(tx: &mut Tx, ids: &[EmployeeId]) -> Result<Vec<FamilySituation>> {
    Ok(family_situation::table
        .filter(family_situation::organisation_id.eq(tx.organisation()))
        .filter(family_situation::employee_id.eq_any(ids))
        .order((
            family_situation::employee_id,
            family_situation::valid_from.desc(),
        ))
        .select(FamilySituation::as_select())
        .load(tx.conn())
        .await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::Error;

    #[test]
    fn every_fault_of_a_family_is_told_with_its_place() {
        let child = DescendantInput {
            birth_year: 1800,
            adopted_in: None,
            shared: false,
            disability: 101,
            needs_assistance: false,
        };
        let family = FamilySituationInput {
            situation: 4,
            descendants: vec![child],
            voluntary_rate: Some(Dec(Decimal::from(-1))),
            ..Default::default()
        };
        let mut input = Input::new();
        family.check(2026, &mut input, "family.");
        let Err(Error::Refused(faults)) = input.finish() else {
            panic!("refused")
        };
        let fields: Vec<String> = faults.iter().map(|fault| fault.field.join(".")).collect();
        assert_eq!(
            fields,
            [
                "family.situation",
                "family.voluntaryRate",
                "family.descendants.0.disability",
                "family.descendants.0.birthYear",
            ]
        );
    }

    #[test]
    fn the_usual_family_is_fine() {
        let mut input = Input::new();
        FamilySituationInput::default().check(2026, &mut input, "");
        assert!(input.finish().is_ok());
    }
}
