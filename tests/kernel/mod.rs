//! The kernel's promises: tenancy, jobs, schedules, the audit chain.

mod audit;
mod bulk;
mod jobs;
mod redis;
mod schedules;
mod tenancy;
