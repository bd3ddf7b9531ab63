//! From what the rules computed to a payslip with its lines. Pure.

use chrono::NaiveDate;
use kernel::ids::{PayslipId, PayslipLineId};
use kernel::{Date, Dec, Fault};
use rules::explained::{Certainty, Explained, Line, Side};
use rules::pack::RulePack;
use rules::payroll::{Earning, PayslipResult};
use rust_decimal::Decimal;
use serde_json::json;
use uuid::Uuid;

use super::PayrollRun;
use super::facts::Known;
use super::input::{ADVANCE, GARNISHMENT, ITEM, Prepared, cents};
use crate::contract::Contract;
use crate::contract::rules::Month;
use crate::fault;
use crate::payslip::{Payslip, PayslipLine, PayslipLineKind, PayslipLinePart};

/// The steps that a payslip shows beside its lines, so that bases and rate can be followed.
const SHOWN: &[&str] = &[
    "contribution_days",
    "worked_days",
    "extra_accrual",
    "annual_pay",
    "annual_security",
    "net_income",
    "other_expenses",
    "income_reduction",
    "taxable_base",
    "minimum",
    "full_quota",
    "limited_quota",
    "quota",
    "general_rate",
    "regularised_rate",
    "withholding_rate",
    "protected_pay",
    "seizable",
];

/// A payslip with its lines.
#[derive(Clone, Debug)]
pub(super) struct Drawn {
    pub payslip: Payslip,
    pub lines: Vec<PayslipLine>,
}

/// Draws the payslip of an employee; refuses one whose net is below zero.
pub(super) fn draw(
    run: &PayrollRun,
    known: Known<'_>,
    prepared: &Prepared<'_>,
    result: &PayslipResult,
) -> Result<Drawn, Vec<Fault>> {
    if result.net < Decimal::ZERO {
        let fault = Fault::invalid(fault::NET_BELOW_ZERO).with("amount", -result.net);
        return Err(vec![fault.at(["net"])]);
    }
    let payslip = payslip(run, known, prepared, result);
    let mut lines: Vec<PayslipLine> = Vec::new();
    let wanted = result.lines.iter().filter(|line| {
        line.side == Side::Tax || line.side == Side::Employee || !line.amount().is_zero()
    });
    for line in wanted {
        lines.push(money_line(&payslip, known, result, line));
    }
    let bases = &result.bases;
    for base in [&bases.common, &bases.professional, &bases.solidarity_excess] {
        lines.push(trace_line(&payslip, PayslipLineKind::Base, base));
    }
    for item in &prepared.overtime {
        lines.push(overtime_line(&payslip, known, result, item));
    }
    let garnished = result
        .garnishment
        .iter()
        .flat_map(|it| [&it.protected, &it.seizable]);
    let steps = result.trace.iter().chain(garnished);
    let shown = |step: &&Explained| {
        let idle = step.code == "regularised_rate" && step.amount.is_zero();
        SHOWN.contains(&step.code.as_str()) && !idle
    };
    for step in steps.filter(shown) {
        lines.push(trace_line(&payslip, PayslipLineKind::Info, step));
    }
    place(&mut lines);
    Ok(Drawn { payslip, lines })
}

/// The payslip of an employee who should have been given nothing: without lines, under the last
/// contract that they had.
pub(super) fn nothing(
    run: &PayrollRun,
    known: Known<'_>,
    month: Month,
    rules: &RulePack,
) -> Result<Drawn, Vec<Fault>> {
    let begun = known.contracts.iter().rev();
    let contract = begun
        .clone()
        .find(|it| it.starts_on.0 <= month.last)
        .or_else(|| known.contracts.iter().next());
    let Some(contract) = contract else {
        return Err(vec![Fault::invalid(fault::NO_CONTRACT).at(["contract"])]);
    };
    let payslip = Payslip {
        pack_code: rules.id.clone(),
        pack_version: rules.version.clone(),
        ..blank(run, known, contract, (month.first, month.last))
    };
    let lines = Vec::new();
    Ok(Drawn { payslip, lines })
}

/// Numbers the lines from 1.
pub(super) fn place(lines: &mut [PayslipLine]) {
    for (position, line) in (1..).zip(lines) {
        line.position = position;
    }
}

fn payslip(
    run: &PayrollRun,
    known: Known<'_>,
    prepared: &Prepared<'_>,
    result: &PayslipResult,
) -> Payslip {
    let step = |code: &str| Dec(result.explained(code).map_or(Decimal::ZERO, |it| it.amount));
    let notices: Vec<_> = result
        .notices
        .iter()
        .map(|notice| json!({"code": notice.code, "es": notice.text.es, "en": notice.text.en}))
        .collect();
    let days = (prepared.from, prepared.to);
    Payslip {
        days: step("contribution_days"),
        gross: Dec(result.gross),
        employee_contributions: Dec(result.employee_contributions),
        tax: Dec(result.tax),
        deductions: Dec(result.deductions),
        net: Dec(result.net),
        employer_contributions: Dec(result.employer_contributions),
        taxable_pay: Dec(result.taxable_pay),
        common_base: Dec(result.bases.common.amount),
        professional_base: Dec(result.bases.professional.amount),
        tax_rate: Dec(result.withholding.rate),
        foreseen_pay: Dec(prepared.input.tax.annual_pay),
        extra_pay_share: step("extra_accrual"),
        pack_code: result.pack.clone(),
        pack_version: result.version.clone(),
        notices: json!(notices),
        ..blank(run, known, prepared.contract, days)
    }
}

/// A payslip of zeros for some days of a contract.
fn blank(
    run: &PayrollRun,
    known: Known<'_>,
    contract: &Contract,
    (from, to): (NaiveDate, NaiveDate),
) -> Payslip {
    let zero = Dec::default();
    Payslip {
        organisation_id: run.organisation_id,
        id: PayslipId::generate(),
        run_id: run.id,
        company_id: run.company_id,
        department_id: known.employee.department_id,
        employee_id: known.employee.id,
        contract_id: contract.id,
        year: run.year,
        month: run.month,
        period_from: Date(from),
        period_to: Date(to),
        days: zero,
        currency: run.currency,
        gross: zero,
        employee_contributions: zero,
        tax: zero,
        deductions: zero,
        net: zero,
        employer_contributions: zero,
        taxable_pay: zero,
        common_base: zero,
        professional_base: zero,
        tax_rate: zero,
        foreseen_pay: zero,
        extra_pay_share: zero,
        pack_code: String::new(),
        pack_version: String::new(),
        notices: json!([]),
        created_at: chrono::DateTime::default(),
    }
}

/// A line of money: what stands for a record of ours gets its code and id.
fn money_line(
    payslip: &Payslip,
    known: Known<'_>,
    result: &PayslipResult,
    line: &Line,
) -> PayslipLine {
    let (kind, part) = match line.side {
        Side::Earning => (PayslipLineKind::Earning, PayslipLinePart::Pay),
        Side::Employee => (PayslipLineKind::Deduction, PayslipLinePart::Contribution),
        Side::Tax => (PayslipLineKind::Deduction, PayslipLinePart::Tax),
        Side::Employer => (PayslipLineKind::Employer, PayslipLinePart::Contribution),
        Side::Deduction => (PayslipLineKind::Deduction, part_of(line.code())),
    };
    let named = named(known, line.code());
    let mut row = row(payslip, kind, part, &line.explained);
    row.base = line.base.map(Dec);
    row.rate = line.rate.map(Dec);
    if let Some((code, subject)) = named {
        row.rule = row.rule.replace(line.code(), &code);
        row.code = code;
        row.subject_id = Some(subject);
    }
    if row.rule_version.is_empty() {
        row.rule_version.clone_from(&result.version);
    }
    row
}

fn part_of(code: &str) -> PayslipLinePart {
    if code.starts_with(GARNISHMENT) {
        PayslipLinePart::Garnishment
    } else if code.starts_with(ADVANCE) {
        PayslipLinePart::Advance
    } else {
        PayslipLinePart::Other
    }
}

/// The code to show and the record of a line that stands for one.
fn named(known: Known<'_>, code: &str) -> Option<(String, Uuid)> {
    let (kind, id) = code.split_once(':')?;
    let id: Uuid = id.parse().ok()?;
    if kind == GARNISHMENT.trim_end_matches(':') || kind == ADVANCE.trim_end_matches(':') {
        return Some((kind.to_owned(), id));
    }
    let item = known
        .items
        .iter()
        .find(|item| item.id.0 == id && code.starts_with(ITEM))?;
    let concept = known.concepts.get(&item.concept_id)?;
    Some((concept.code.clone(), id))
}

fn trace_line(payslip: &Payslip, kind: PayslipLineKind, step: &Explained) -> PayslipLine {
    row(payslip, kind, PayslipLinePart::Trace, step)
}

/// What an item of overtime came to: it is paid within the line of all overtime of its kind.
fn overtime_line(
    payslip: &Payslip,
    known: Known<'_>,
    result: &PayslipResult,
    item: &Earning,
) -> PayslipLine {
    let named = named(known, &item.code);
    let code = named
        .as_ref()
        .map_or(item.code.as_str(), |(code, _)| code.as_str());
    let explained = Explained {
        code: code.to_owned(),
        label: item.label.clone(),
        amount: cents(item.amount),
        rule: format!("company/{code}"),
        expression: item.rule.clone(),
        version: result.version.clone(),
        source: String::new(),
        certainty: Certainty::A,
        inputs: item.inputs.clone(),
    };
    PayslipLine {
        subject_id: named.map(|(_, id)| id),
        ..trace_line(payslip, PayslipLineKind::Info, &explained)
    }
}

fn row(
    payslip: &Payslip,
    kind: PayslipLineKind,
    part: PayslipLinePart,
    explained: &Explained,
) -> PayslipLine {
    PayslipLine {
        organisation_id: payslip.organisation_id,
        id: PayslipLineId::generate(),
        payslip_id: payslip.id,
        position: 0,
        kind,
        part,
        code: explained.code.clone(),
        label_es: explained.label.es.clone(),
        label_en: explained.label.en.clone(),
        base: None,
        rate: None,
        amount: Dec(explained.amount),
        rule: explained.rule.clone(),
        expression: explained.expression.clone(),
        rule_version: explained.version.clone(),
        source: explained.source.clone(),
        certainty: format!("{:?}", explained.certainty),
        inputs_json: json!(explained.inputs),
        subject_id: None,
    }
}
