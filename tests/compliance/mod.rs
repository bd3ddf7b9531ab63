//! Compliance: every rule sees its breach, a finding opens once, and two people accept one.

mod acceptance;
mod breach;
mod planted;
mod rules;
mod scan;
mod settling;
pub mod stage;
