//! The directory: who there is and what they may do.
//!
//! Nouns: [`organisation`] (the tenant), [`company`], [`department`], [`user`], [`role`] with its
//! assignments, [`session`] and [`api_key`], [`party`] with addresses and bank accounts, [`file`],
//! [`numbering`] and [`calendar`]. [`auth`] turns credentials into a [`kernel::Actor`].
//!
//! Invariants:
//! - a secret is stored as a hash, or sealed by a key that the database lacks, and is never in an
//!   event;
//! - a token names its organisation in clear, so that even the look-up of a credential runs inside
//!   that tenant's row-level security; only `login` (a keyed hash of an address) is asked before a
//!   tenant is bound, and shows a row only to a transaction that already names its hash;
//! - nobody gives a role to themselves, and nobody gives away what reaches further than their own
//!   right to give;
//! - an API key may do what its creator may do now, within its scopes, and nothing more;
//! - a file is served only under the permission that it carries.
//!
//! Events: `directory.<noun>.<verbed>` for every change, log-ins and refusals of log-ins included.

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

pub mod api_key;
pub mod auth;

pub mod check;
pub mod company;
pub mod department;
pub mod fault;

pub mod organisation;

pub mod password;
pub mod permission;
pub mod retention;
pub mod role;
pub mod schema;
pub mod secret;
pub mod session;
pub mod tax_id;
pub mod throttle;
pub mod totp;
pub mod user;

pub mod calendar;
pub mod file;
pub mod numbering;
pub mod oidc;
pub mod party;

pub use fault::{MESSAGES, REASONS};
pub use permission::PERMISSIONS;
pub use secret::{Keys, Sensitive};
