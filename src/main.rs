//! The command line of Trastienda: one binary that plays every role.
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

mod cli;
mod command;
mod compose;
mod demo;
mod doctor;
mod launcher;
mod say;
mod settings;
mod telemetry;

use std::process::ExitCode;

use clap::Parser;

use crate::say::{Language, Refusal};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = cli::Arguments::parse();
    match command::run(arguments) {
        Ok(code) => code,
        Err(error) => report(&error),
    }
}

/// One line for what a person can mend (exit code 2), the whole chain for the rest (1).
fn report(error: &anyhow::Error) -> ExitCode {
    if let Some(refusal) = error.downcast_ref::<Refusal>() {
        say::aside(&format!(
            "trastienda: {}",
            refusal.0.read(Language::from_environment())
        ));
        return ExitCode::from(2);
    }
    say::aside(&format!("trastienda: {error:#}"));
    ExitCode::FAILURE
}
