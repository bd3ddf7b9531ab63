//! Rules of law as data, and the engine that reads them.
//!
//! A [`pack::RulePack`] holds what one country says for one span of time: figures with their norm,
//! article and certainty; tables; and procedures, which are ordered steps written as formulas. The
//! [`engine`] runs procedures over named inputs and knows no country: whatever is Spanish stands in
//! `packs/es`. The year files hold figures and tables, `contributions.toml`, `withholding.toml` and
//! `garnishment.toml` the steps, shared by the years. [`library`] finds the pack for a date.
//!
//! [`payroll`] gives the packs a typed door: [`payroll::calculate`] turns a
//! [`payroll::PayslipInput`] into a [`payroll::PayslipResult`] whose every line is
//! [`explained::Explained`]: rule, expression, inputs, version, source. [`garnishment`] seizes pay
//! by the legal scale. [`formula`] is also what companies write their own earnings in.
//!
//! # What always holds
//! - Nothing here reads a clock, a file or a database; the same input gives the same answer.
//! - Amounts are exact decimals. A line is rounded once, to the cent, half away from zero; totals
//!   are sums of lines, so that no cent is lost between them. Rates of withholding are truncated.
//! - Formulas end: no loops, no recursion, a bounded length and depth.
//! - Every fault of an input comes at once, with a stable code, a field and a sentence in Spanish
//!   and English. A date without rules is [`fault::RuleError::NoPackFor`], never a guess.
//! - A step reads only what stands before it, and the pack is refused where it doesn't.
//!
//! # What the Spanish packs leave out
//! Regularisation follows article 87 in its simplest form and is unverified. Not covered: sick pay,
//! irregular income, maintenance payments, arrears, directors, Basque and Navarrese scales, and the
//! tariff of accidents by activity, which is an input.
//!
//! # Example
//! ```
//! use trastienda_rules::{library, payroll};
//! use trastienda_rules::payroll::{Contract, ContractKind, PayslipInput, Period, TaxSituation};
//!
//! let period = Period::new(2026, 6);
//! let last = period.last_day().ok_or("no such month")?;
//! let starts_on = "2024-01-08".parse()?;
//! let contract = Contract { kind: ContractKind::Indefinite, starts_on, ends_on: None };
//! let tax = TaxSituation::single("30000".parse()?, 1990);
//! let input = PayslipInput::new(period, contract, 5, "2500".parse()?, tax);
//! let pack = library::pack_for("ES", last).map_err(|errors| format!("{errors:?}"))?;
//! let payslip = payroll::calculate(&pack, &input).map_err(|errors| format!("{errors:?}"))?;
//! assert_eq!(payslip.withholding.rate.to_string(), "16.42");
//! assert_eq!(payslip.net.to_string(), "1927.00");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

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

pub mod engine;
pub mod explained;
pub mod fault;
pub mod formula;
pub mod garnishment;
pub mod library;
pub mod pack;
pub mod payroll;
