//! The integration suite: the whole program over a real Postgres and a real Redis, one organisation
//! a test. `./trastienda test` starts both and runs it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

mod administration;
mod analytics;
mod app;
mod client;
mod compliance;
mod directory;
mod door;
mod finance;
mod house;
mod inventory;
mod kernel;
mod ledger;
mod operations;
mod people;
mod processes;
mod technology;
mod tenancy;
mod walkthroughs;
