//! People through the API: employees with their contracts and pay, and payroll from draft to
//! posting.
//!
//! Pay is closed by default. Records of pay are found by those to whom pay is open and by their
//! employee alone; what of an employee is closed to a viewer is null or masked, and named in
//! `redactedFields`; mutations give back what the actor may see.

pub mod absence;
pub mod account;
pub mod advance;
pub mod bank_file;
pub mod belonging;
pub mod concept;
pub mod contract;
pub mod employee;
mod employee_access;
pub mod employee_act;
pub mod employee_aggregate;
pub mod family;
pub mod garnishment;
pub mod item;
mod link;
pub mod pack;
pub mod payroll;
pub mod payroll_act;
pub mod payroll_review;
pub mod payslip;
pub mod payslip_line;
mod reach;
mod shown;

use async_graphql::MergedObject;

/// The queries of people.
#[derive(MergedObject, Default)]
pub struct PeopleQuery(
    employee::EmployeeQuery,
    employee_aggregate::EmployeeAggregateQuery,
    contract::ContractQuery,
    concept::PayConceptQuery,
    item::PayItemQuery,
    absence::AbsenceQuery,
    advance::AdvanceQuery,
    garnishment::GarnishmentQuery,
    payslip::PayslipQuery,
    payroll::PayrollRunQuery,
    account::PayrollAccountQuery,
    pack::RulePackQuery,
);

/// The mutations of people.
#[derive(MergedObject, Default)]
pub struct PeopleMutation(
    employee_act::EmployeeMutation,
    family::FamilyMutation,
    contract::ContractMutation,
    concept::PayConceptMutation,
    item::PayItemMutation,
    absence::AbsenceMutation,
    advance::AdvanceMutation,
    garnishment::GarnishmentMutation,
    payroll_act::PayrollRunMutation,
    payslip::PayslipMutation,
    account::PayrollAccountMutation,
);
