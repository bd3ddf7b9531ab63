//! Runs the pack's procedures for a payslip and puts the answer together.

use chrono::{Datelike, NaiveDate};
use rust_decimal::{Decimal, RoundingStrategy};

use super::input::{ContractKind, Earning, PayslipInput, YearToDate};
use super::named;
use super::result::{Bases, Carried, Contributions, PayslipResult, Withholding};
use super::situation::TaxSituation;
use crate::engine::{self, Inputs, Outcome};
use crate::explained::{Certainty, Explained, Line, Side};
use crate::fault::{RuleError, Text};
use crate::garnishment::{self, ExtraPayBasis, Garnishment};
use crate::pack::RulePack;

/// Computes a payslip. Every fault of the input comes at once; a month outside the pack is
/// [`RuleError::NoPackFor`].
pub fn calculate(pack: &RulePack, input: &PayslipInput) -> Result<PayslipResult, Vec<RuleError>> {
    let (date, mut inputs, mut errors) = prepare(pack, input)?;
    let (kind, year) = (input.contract.kind, input.period.year);
    named::name_withholding(&input.tax, kind, year, &input.year_to_date, &mut inputs);
    errors.extend(garnishment::check(&input.garnishments));
    let procedures = ["contributions", "withholding", "payslip"];
    let outcome = settle(engine::run(pack, date, &procedures, &inputs), errors)?;
    assemble(pack, date, input, outcome)
}

/// Computes the social security of a month alone, also where the pack knows no tax.
pub fn contributions(
    pack: &RulePack,
    input: &PayslipInput,
) -> Result<Contributions, Vec<RuleError>> {
    let (date, inputs, errors) = prepare(pack, input)?;
    let mut outcome = settle(engine::run(pack, date, &["contributions"], &inputs), errors)?;
    add_earnings(&mut outcome, &input.earnings);
    Ok(Contributions {
        bases: bases(pack, &outcome)?,
        gross: amount(pack, &outcome, "gross")?,
        employee: outcome.total(Side::Employee),
        employer: outcome.total(Side::Employer),
        lines: outcome.lines,
        trace: outcome.trace,
        notices: outcome.notices,
    })
}

/// Computes the rate of withholding alone, as of a date.
pub fn withholding(
    pack: &RulePack,
    date: NaiveDate,
    kind: ContractKind,
    tax: &TaxSituation,
    so_far: &YearToDate,
) -> Result<Withholding, Vec<RuleError>> {
    let mut inputs = Inputs::default();
    named::name_withholding(tax, kind, date.year(), so_far, &mut inputs);
    rate(pack, &engine::run(pack, date, &["withholding"], &inputs)?)
}

type Prepared = (NaiveDate, Inputs, Vec<RuleError>);

fn prepare(pack: &RulePack, input: &PayslipInput) -> Result<Prepared, Vec<RuleError>> {
    let span = named::span(input.period).map_err(|error| vec![error])?;
    pack.require(span.last).map_err(|error| vec![error])?;
    let mut inputs = Inputs::default();
    named::name_contributions(input, &span, &mut inputs);
    Ok((span.last, inputs, named::check(input, &span)))
}

/// Joins the faults of shape with those the pack found.
fn settle(
    run: Result<Outcome, Vec<RuleError>>,
    mut errors: Vec<RuleError>,
) -> Result<Outcome, Vec<RuleError>> {
    match run {
        Ok(outcome) if errors.is_empty() => Ok(outcome),
        Ok(_) => Err(errors),
        Err(found) => {
            // Days that make no sense follow from dates that make none: one fault, not two.
            let dates = errors.iter().any(|error| {
                matches!(
                    error.code(),
                    "payroll.dates_out_of_order" | "payroll.outside_contract"
                )
            });
            let follows = |error: &RuleError| dates && error.code() == "payroll.absence_days";
            errors.extend(found.into_iter().filter(|error| !follows(error)));
            Err(errors)
        }
    }
}

fn assemble(
    pack: &RulePack,
    date: NaiveDate,
    input: &PayslipInput,
    mut outcome: Outcome,
) -> Result<PayslipResult, Vec<RuleError>> {
    add_earnings(&mut outcome, &input.earnings);
    let before = amount(pack, &outcome, "net_before_deductions")?;
    let garnishment = seize(pack, date, input, before)?;
    let mut carried = Vec::new();
    let mut left = before.max(Decimal::ZERO);
    for taken in garnishment.iter().flat_map(|found| found.lines()) {
        left = left.saturating_sub(taken.amount());
        outcome.lines.push(taken);
    }
    for wanted in wanted_deductions(input) {
        let (line, rest) = take(wanted, &mut left);
        outcome.lines.push(line);
        carried.extend(rest);
    }
    outcome.lines.sort_by_key(|line| line.side);
    let withholding = rate(pack, &outcome)?;
    let (taxable, tax) = (
        amount(pack, &outcome, "taxed_pay")?,
        outcome.total(Side::Tax),
    );
    let deductions = outcome.total(Side::Deduction);
    Ok(PayslipResult {
        pack: pack.id.clone(),
        version: pack.version.clone(),
        bases: bases(pack, &outcome)?,
        gross: outcome.total(Side::Earning),
        employee_contributions: outcome.total(Side::Employee),
        taxable_pay: taxable,
        tax,
        deductions,
        net: before.saturating_sub(deductions),
        employer_contributions: outcome.total(Side::Employer),
        employer_cost: amount(pack, &outcome, "employer_cost")?,
        withholding,
        garnishment,
        carried,
        taxable_to_date: input.year_to_date.taxable_paid.saturating_add(taxable),
        withheld_to_date: input.year_to_date.tax_withheld.saturating_add(tax),
        lines: outcome.lines,
        trace: outcome.trace,
        notices: outcome.notices,
    })
}

fn seize(
    pack: &RulePack,
    date: NaiveDate,
    input: &PayslipInput,
    net: Decimal,
) -> Result<Option<Garnishment>, Vec<RuleError>> {
    if input.garnishments.is_empty() {
        return Ok(None);
    }
    let extra = &input.extra_pays;
    let basis = if extra.prorated || extra.count == 0 {
        ExtraPayBasis::Prorated
    } else if extra.paid_now > Decimal::ZERO {
        ExtraPayBasis::PaidNow
    } else {
        ExtraPayBasis::Separate
    };
    garnishment::calculate(pack, date, net, basis, &input.garnishments).map(Some)
}

/// The company's own earnings, each a line of its own after those the pack computed.
fn add_earnings(outcome: &mut Outcome, earnings: &[Earning]) {
    let lines = earnings.iter().map(|earning| {
        let explained = Explained {
            code: earning.code.clone(),
            label: earning.label.clone(),
            amount: cents(earning.amount),
            rule: format!("company/{}", earning.code),
            expression: earning.rule.clone(),
            version: String::new(),
            source: String::new(),
            certainty: Certainty::A,
            inputs: earning.inputs.clone(),
        };
        Line {
            side: Side::Earning,
            base: None,
            rate: None,
            explained,
        }
    });
    outcome.lines.extend(lines);
    outcome.lines.sort_by_key(|line| line.side);
}

/// A deduction that is due: what, how much, and why.
struct Wanted<'i> {
    code: &'i str,
    label: &'i Text,
    due: Decimal,
    expression: &'static str,
    inputs: Vec<(String, String)>,
}

/// Advances first, because they are pay already received; then the rest in the given order.
fn wanted_deductions(input: &PayslipInput) -> impl Iterator<Item = Wanted<'_>> {
    let advances = input.advances.iter().map(|advance| Wanted {
        code: &advance.code,
        label: &advance.label,
        due: cents(advance.instalment.min(advance.outstanding)),
        expression: "min([instalment, outstanding, net_left])",
        inputs: vec![
            ("instalment".to_owned(), advance.instalment.to_string()),
            ("outstanding".to_owned(), advance.outstanding.to_string()),
        ],
    });
    let others = input.deductions.iter().map(|deduction| Wanted {
        code: &deduction.code,
        label: &deduction.label,
        due: cents(deduction.amount),
        expression: "min([amount, net_left])",
        inputs: vec![("amount".to_owned(), deduction.amount.to_string())],
    });
    advances.chain(others)
}

fn take(wanted: Wanted<'_>, left: &mut Decimal) -> (Line, Option<Carried>) {
    let taken = wanted.due.min(*left);
    let mut inputs = wanted.inputs;
    inputs.push(("net_left".to_owned(), left.to_string()));
    *left = left.saturating_sub(taken);
    let explained = Explained {
        code: wanted.code.to_owned(),
        label: wanted.label.clone(),
        amount: taken,
        rule: format!("company/{}", wanted.code),
        expression: wanted.expression.to_owned(),
        version: String::new(),
        source: String::new(),
        certainty: Certainty::A,
        inputs,
    };
    let rest = wanted.due.saturating_sub(taken);
    let carried = (!rest.is_zero()).then(|| Carried {
        code: wanted.code.to_owned(),
        amount: rest,
    });
    (
        Line {
            side: Side::Deduction,
            base: None,
            rate: None,
            explained,
        },
        carried,
    )
}

fn bases(pack: &RulePack, outcome: &Outcome) -> Result<Bases, Vec<RuleError>> {
    Ok(Bases {
        common: value(pack, outcome, "common_base")?,
        professional: value(pack, outcome, "professional_base")?,
        solidarity_excess: value(pack, outcome, "solidarity_excess")?,
    })
}

fn rate(pack: &RulePack, outcome: &Outcome) -> Result<Withholding, Vec<RuleError>> {
    let prefix = format!("{}/withholding.", pack.id);
    let inside = outcome
        .trace
        .iter()
        .filter(|value| value.rule.starts_with(&prefix));
    Ok(Withholding {
        base: amount(pack, outcome, "taxable_base")?,
        minimum: amount(pack, outcome, "minimum")?,
        full_quota: amount(pack, outcome, "full_quota")?,
        quota: amount(pack, outcome, "quota")?,
        rate: amount(pack, outcome, "withholding_rate")?,
        annual_amount: amount(pack, outcome, "annual_withholding")?,
        trace: inside.cloned().collect(),
    })
}

/// A value that the payslip needs from the pack.
fn value(pack: &RulePack, outcome: &Outcome, code: &str) -> Result<Explained, Vec<RuleError>> {
    outcome
        .explained(code)
        .cloned()
        .ok_or_else(|| missing(pack, code))
}

fn amount(pack: &RulePack, outcome: &Outcome, code: &str) -> Result<Decimal, Vec<RuleError>> {
    outcome.amount(code).ok_or_else(|| missing(pack, code))
}

fn missing(pack: &RulePack, code: &str) -> Vec<RuleError> {
    vec![RuleError::pack(
        pack.id.clone(),
        format!("falta el valor {code}"),
        format!("the value {code} is missing"),
    )]
}

/// Half away from zero, to the cent.
fn cents(value: Decimal) -> Decimal {
    value.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}
