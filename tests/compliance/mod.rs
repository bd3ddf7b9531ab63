//! Compliance: every rule sees its breach, a finding opens once, and two people accept one.

mod acceptance;
mod breach;
mod rules;
mod scan;
mod stage;
