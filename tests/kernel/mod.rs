//! The kernel's promises: tenancy, jobs, schedules, the audit chain.

mod audit;
mod jobs;
mod redis;
mod schedules;
mod tenancy;
