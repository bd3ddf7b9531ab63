//! Finance: invoices from draft to the bank file, and that the books agree all the way.

mod frozen;
mod histories;
mod invoices;
mod matching;
mod orders;
mod rights;
pub mod stage;
