//! The house in order: who depends on whom, how long files are, what must never be written.

mod contract;
mod migrations;
mod permissions;
mod ranks;
mod sentences;
mod sizes;
