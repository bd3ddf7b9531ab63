//! Finance: invoices from draft to the bank file, and that the books agree all the way.

mod frozen;
mod invoices;
mod orders;
mod rights;
mod stage;
