//! Payroll through the served API: the month, its second person, its failures, who sees what.

pub mod apart;
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
mod outdated;
mod redis_flushed;
mod roles;
pub mod stage;
mod summary;
mod taken_back;
mod terms;
mod worker_killed;
