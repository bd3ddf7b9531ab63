//! Which records files can be attached to, and whose rights those files have.

use directory::file::Attachable;

use crate::permission::{PAY_MANAGE, PAY_READ, SELF_READ};
use crate::reach::{self, Columns, columns};

/// The columns of employees; their papers are open to those to whom their pay is, and to them.
const EMPLOYEE: Columns = Columns {
    organisation: "\"people\".\"employee\".\"organisation_id\"",
    company: "\"people\".\"employee\".\"company_id\"",
    department: Some("\"people\".\"employee\".\"department_id\""),
    employee: "\"people\".\"employee\".\"id\"",
};

/// Employees and what is agreed with them or about them: who may not see pay sees none of it.
pub const ATTACHABLE: &[Attachable] = &[
    Attachable {
        kind: "Employee",
        schema: "people",
        table: "employee",
        company: Some("company_id"),
        read: PAY_READ,
        write: PAY_MANAGE,
        readable: |tx| reach::visible(tx, EMPLOYEE, PAY_READ, SELF_READ),
        writable: |tx| reach::changeable(tx, EMPLOYEE, PAY_MANAGE),
    },
    Attachable {
        kind: "Contract",
        schema: "people",
        table: "contract",
        company: Some("company_id"),
        read: PAY_READ,
        write: PAY_MANAGE,
        readable: |tx| reach::visible(tx, columns!(contract), PAY_READ, SELF_READ),
        writable: |tx| reach::changeable(tx, columns!(contract), PAY_MANAGE),
    },
    Attachable {
        kind: "Absence",
        schema: "people",
        table: "absence",
        company: Some("company_id"),
        read: PAY_READ,
        write: PAY_MANAGE,
        readable: |tx| reach::visible(tx, columns!(absence), PAY_READ, SELF_READ),
        writable: |tx| reach::changeable(tx, columns!(absence), PAY_MANAGE),
    },
    Attachable {
        kind: "Garnishment",
        schema: "people",
        table: "garnishment",
        company: Some("company_id"),
        read: PAY_READ,
        write: PAY_MANAGE,
        readable: |tx| reach::visible(tx, columns!(garnishment), PAY_READ, SELF_READ),
        writable: |tx| reach::changeable(tx, columns!(garnishment), PAY_MANAGE),
    },
];
