//! Payroll through the served API: the month, its second person, its failures, who sees what.

mod apart;
mod approvals;
mod calculation_killed;
mod corrections;
mod delegated;
mod failure;
mod figures;
mod importing;
mod input;
mod keys;
mod month;
mod redis_flushed;
mod roles;
pub mod stage;
mod terms;
mod worker_killed;
