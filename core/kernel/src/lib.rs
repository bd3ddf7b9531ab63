//! The kernel: what every domain stands on.
//!
//! - [`tx`]: a transaction in one tenant, by one actor ([`actor`]), at one instant ([`clock`]).
//! - [`id`], [`scalar`], [`money`], [`quantity`]: values that are exact and typed.
//! - [`fault`] and [`error`]: what a person can mend, and everything else; [`message`] speaks.
//! - [`page`], [`filter`], [`predicate`]: lists, declared once a noun.
//! - [`event`] and [`audit`]: what happened, as audit trail and feed, in a hash chain a tenant.
//! - [`idempotency`]: the same request twice does nothing twice.
//! - [`report`]: tables of figures that a domain computes and every channel shows.
//! - [`job`] and [`schedule`]: work that must be done, once, even if everything but Postgres dies.
//!
//! Invariants: nothing reads the system clock but [`clock`]; no statement of a tenant runs outside
//! a [`tx::Tx`]; a row of a tenant carries its organisation in its key and in every foreign key.

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

extern crate self as kernel;

#[doc(hidden)]
pub use {async_graphql, chrono, diesel, serde, uuid};

mod text_enum;

pub mod actor;
pub mod aggregate;
pub mod audit;
pub mod clock;
pub mod context;
pub mod db;
pub mod error;
pub mod event;
pub mod fault;
pub mod filter;
pub mod id;
pub mod idempotency;
pub mod ids;
pub mod job;
pub mod kept;
pub mod message;
pub mod migrate;
pub mod money;
pub mod page;
pub mod predicate;
pub mod quantity;
pub mod report;
pub mod scalar;
pub mod schedule;
pub mod schema;
pub mod trace;
pub mod tx;

pub use actor::{Actor, Permission, Principal, Scope};
pub use clock::Clock;
pub use context::Context;
pub use db::{Db, DbSettings};
pub use error::{Error, Result};
pub use event::Event;
pub use fault::{Fault, Faults, UserErrorCode};
pub use kept::Keep;
pub use message::{Locale, Messages, Speaker};
pub use money::Money;
pub use predicate::Predicate;
pub use scalar::{CurrencyCode, Date, Dec};
pub use tx::Tx;
