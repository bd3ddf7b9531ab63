//! Documents made from typed data: payslips and report tables as PDF, tables as CSV and
//! XLSX, and bank files as XML.
//!
//! The crate is pure: it reads no database, no clock, no file and no network. Whoever calls
//! hands in every figure, date and name; the same input gives the same bytes, so that a
//! document can be made again years later and compared by its hash.
//!
//! - [`Payslip`] prints the Spanish wage receipt (Orden ESS/2098/2014) in Spanish or English.
//! - [`Table`] prints a report, and writes it as CSV and XLSX without formula injection.
//! - [`CreditTransferFile`] writes a SEPA credit transfer, ISO 20022 pain.001.001.09.
//! - [`Engine`] holds the fonts and the templates; one serves the whole program.
//!
//! Templates take data and never markup: a company called `*#panic("x")*` prints as such.
//! What a person can mend comes back as [`DocumentError::Invalid`] with every [`Problem`] of
//! the input at once, each with a sentence in Spanish and in English.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::as_conversions,
        clippy::print_stdout
    )
)]

mod engine;
mod error;
mod language;
pub mod payslip;
pub mod table;
pub mod transfer;

pub use engine::Engine;
pub use error::{DocumentError, Problem};
pub use language::{Language, Text};
pub use payslip::Payslip;
pub use table::Table;
pub use transfer::CreditTransferFile;

/// What a function of this crate answers.
pub type Result<T, E = DocumentError> = std::result::Result<T, E>;
