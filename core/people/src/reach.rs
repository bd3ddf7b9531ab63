//! Whose records an actor reaches: by company, by department, or their own.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::ids::{EmployeeId, UserId};
use kernel::predicate::Value;
use kernel::{Actor, Error, Fault, Permission, Predicate, Principal, Result, Scope, Tx};

use crate::fault;

/// The columns of a table of employees' records, quoted and qualified.
#[derive(Clone, Copy)]
pub(crate) struct Columns {
    pub organisation: &'static str,
    pub company: &'static str,
    /// `None` when the department has to be looked up by the employee.
    pub department: Option<&'static str>,
    pub employee: &'static str,
}

/// What the actor may see: by the permission where it holds, and their own by the other one.
pub(crate) fn visible(
    tx: &Tx,
    columns: Columns,
    permission: Permission,
    own: Permission,
) -> Result<Predicate> {
    let actor = tx.actor();
    let scope = actor.scope(permission);
    let me = own_record(actor, own);
    if scope.is_nowhere() && me.is_none() {
        return Err(Error::Denied(permission));
    }
    let mut seen = within(&scope, columns);
    if let Some(me) = me {
        seen = seen.or(Predicate::equal(columns.employee, me.0));
    }
    Ok(Predicate::equal(columns.organisation, tx.organisation().0).and(seen))
}

/// What the actor may change by a permission; one's own gives no right to it.
pub(crate) fn changeable(tx: &Tx, columns: Columns, permission: Permission) -> Result<Predicate> {
    let scope = tx.require(permission)?;
    let here = Predicate::equal(columns.organisation, tx.organisation().0);
    Ok(here.and(within(&scope, columns)))
}

/// The employee that the actor is, where they may see their own.
pub(crate) fn own_record(actor: &Actor, own: Permission) -> Option<EmployeeId> {
    actor.employee.filter(|_| actor.may(own))
}

/// The person behind an act: the user, or who made the API key. Nobody for the system.
///
/// # Errors
/// A user whom the organisation does not have: what they prepared could never be told apart.
pub(crate) async fn person_behind(tx: &mut Tx) -> Result<Option<UserId>> {
    use directory::schema::{api_key, user};
    let organisation = tx.organisation();
    let found: Option<UserId> = match tx.actor().principal {
        Principal::System => return Ok(None),
        Principal::User(id) => user::table
            .find((organisation, id))
            .select(user::id)
            .first(tx.conn())
            .await
            .optional()?,
        Principal::ApiKey(key) => api_key::table
            .find((organisation, key))
            .select(api_key::user_id)
            .first(tx.conn())
            .await
            .optional()?,
    };
    match found {
        Some(user) => Ok(Some(user)),
        None => Err(Fault::not_allowed(fault::PERSON_UNKNOWN).into()),
    }
}

fn within(scope: &Scope, columns: Columns) -> Predicate {
    let direct = Predicate::in_scope(scope, Some(columns.company), columns.department);
    if scope.everywhere || scope.departments.is_empty() || columns.department.is_some() {
        return direct;
    }
    let departments = scope.departments.iter().map(|id| id.0).collect();
    let looked_up = Predicate::sql(format!(
        "{} IN (SELECT e.id FROM people.employee e WHERE e.organisation_id = {} AND ",
        columns.employee, columns.organisation
    ))
    .then_all(Predicate::any("e.department_id", Value::Uuids(departments)))
    .then(")");
    direct.or(looked_up)
}

/// The columns of a table of the schema that has no department of its own.
macro_rules! columns {
    ($table:ident) => {
        $crate::reach::Columns {
            organisation: concat!(
                "\"people\".\"",
                stringify!($table),
                "\".\"organisation_id\""
            ),
            company: concat!("\"people\".\"", stringify!($table), "\".\"company_id\""),
            department: None,
            employee: concat!("\"people\".\"", stringify!($table), "\".\"employee_id\""),
        }
    };
}
pub(crate) use columns;
