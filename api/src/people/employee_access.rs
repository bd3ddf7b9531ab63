//! What of an employee a viewer sees, and what they may do with them.

use async_graphql::SimpleObject;
use directory::permission::{COMPANY_READ, DEPARTMENT_READ};
use kernel::Fault;
use people::fault::LEFT_ALREADY;
use people::permission::{EMPLOYEE_MANAGE, PAY_MANAGE, PAYSLIP_READ, PAYSLIP_READ_OWN};

use crate::call::Call;
use crate::people::employee::Employee;
use crate::permission::Permission;

/// The fields that are open to those who may see pay, and to the employee.
const GUARDED: [&str; 12] = [
    "taxId",
    "socialSecurityNumber",
    "birthDate",
    "contract",
    "contracts",
    "familySituation",
    "familySituations",
    "payItems",
    "absences",
    "advances",
    "garnishments",
    "attachments",
];

/// What the viewer may do with an employee.
#[derive(SimpleObject)]
pub struct EmployeeViewerCan {
    /// Change their data.
    update: Permission,
    /// Change the account that their pay goes to.
    update_iban: Permission,
    /// Change their family situation.
    change_family: Permission,
    /// Make another contract, and change what they are paid.
    change_pay: Permission,
    /// Say that they leave.
    leave: Permission,
}

impl EmployeeViewerCan {
    /// What the viewer may do with an employee.
    pub(super) fn of(call: &Call, employee: &Employee) -> Self {
        let may = |permission| employee.held(call, permission);
        let there = || match employee.0.left_on {
            Some(_) => Permission::refused(call, &Fault::not_allowed(LEFT_ALREADY)),
            None => Permission::allowed(),
        };
        Self {
            update: may(EMPLOYEE_MANAGE),
            update_iban: may(EMPLOYEE_MANAGE).and(|| may(PAY_MANAGE)),
            change_family: may(PAY_MANAGE),
            change_pay: may(PAY_MANAGE),
            leave: may(EMPLOYEE_MANAGE).and(there),
        }
    }
}

impl Employee {
    /// The fields that the viewer sees masked or not at all.
    pub(super) fn redacted(&self, call: &Call) -> Vec<&'static str> {
        let actor = call.actor();
        let mut hidden = Vec::new();
        if !self.0.is_open_to(actor) {
            hidden.extend(GUARDED);
            hidden.extend(self.0.iban.as_ref().map(|_| "iban"));
        }
        let leave_reason = self.0.leave_reason.is_some() && !self.shows_leave_reason(call);
        let department = self.0.department_id.is_some() && !actor.may(DEPARTMENT_READ);
        let others = [
            ("leaveReason", leave_reason),
            ("payslips", !self.shows_payslips(call)),
            ("company", !actor.may(COMPANY_READ)),
            ("department", department),
        ];
        let closed = others.iter().filter(|(_, closed)| *closed);
        hidden.extend(closed.map(|(field, _)| *field));
        hidden
    }

    /// Whether a permission holds for this employee.
    fn held(&self, call: &Call, permission: kernel::Permission) -> Permission {
        let (company, department) = (Some(self.0.company_id), self.0.department_id);
        Permission::held(call, permission, |scope| scope.covers(company, department))
    }

    fn covers(&self, call: &Call, permission: kernel::Permission) -> bool {
        call.actor()
            .scope(permission)
            .covers(Some(self.0.company_id), self.0.department_id)
    }

    pub(super) fn shows_leave_reason(&self, call: &Call) -> bool {
        self.0.is_open_to(call.actor()) || self.covers(call, EMPLOYEE_MANAGE)
    }

    pub(super) fn shows_payslips(&self, call: &Call) -> bool {
        let actor = call.actor();
        let own = actor.employee == Some(self.0.id) && actor.may(PAYSLIP_READ_OWN);
        own || self.covers(call, PAYSLIP_READ)
    }
}
