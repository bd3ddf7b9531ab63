//! The GraphQL door of Trastienda: the transport that takes a request in and, above it, the schema.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::as_conversions
    )
)]

pub mod act;
pub mod administration;
pub mod aggregate;
pub mod analytics;
pub mod bulk;
pub mod call;
pub mod compliance;
pub mod connection;
pub mod core;
pub mod credentials;
pub mod directory;
pub mod failure;
pub mod feed;
pub mod finance;
pub mod idempotent;
pub mod inventory;
pub mod kernel;
pub mod ledger;
pub mod loader;
pub mod many;
pub mod node;
pub mod people;
pub mod permission;
pub mod processes;
pub mod schema;
pub mod server;
pub mod technology;
pub mod transport;
pub mod turn;
pub mod whole;
