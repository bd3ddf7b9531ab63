//! Payroll through the served API: the month, its second person, its failures, who sees what.

mod approvals;
mod failure;
mod input;
mod month;
mod roles;
mod stage;
mod worker_killed;
