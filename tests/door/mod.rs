//! The door: what it refuses before anybody does any work, and how it follows what happens.

mod issuer;
mod oidc;
mod records;
mod refusals;
mod socket;
mod streams;
