//! The transport against a toy schema: what clients see over HTTP, WebSocket and events.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::print_stdout
)]

mod abuse;
mod documents;
mod errors;
mod events;
mod http;
mod serving;
mod socket;
mod toy;
