//! The integration suite: the whole program over a real Postgres and a real Redis, one organisation
//! a test. `./trastienda test` starts both and runs it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions
)]

mod app;
mod client;
mod door;
mod house;
mod kernel;
mod ledger;
mod people;
mod tenancy;
