//! Corrections: the month computed anew, less what posted runs gave, line by line. Pure.

use std::collections::HashSet;

use kernel::Dec;
use kernel::ids::PayslipLineId;
use rust_decimal::Decimal;
use serde_json::json;

use super::outcome::{Drawn, place};
use crate::payslip::{Given, Payslip, PayslipLine, PayslipLineKind, PayslipLinePart};

/// The rule of a line of a correction.
const RULE: &str = "company/correction";

/// What an employee should have been given besides, or less; `None` when nothing changes.
/// `before` are the sums of the month's posted payslips: taxable pay, both bases and extra share.
pub(super) fn difference(now: Drawn, given: &[Given], before: &[Decimal; 4]) -> Option<Drawn> {
    let mut lines = Vec::new();
    let mut seen = HashSet::new();
    for line in now.lines.iter().filter(|line| is_money(line)) {
        let place = (line.kind, line.part, line.code.clone(), line.subject_id);
        if seen.insert(place.clone()) {
            let same = |it: &&PayslipLine| {
                (it.kind, it.part, it.code.clone(), it.subject_id) == place && is_money(it)
            };
            let total: Decimal = now.lines.iter().filter(same).map(|it| it.amount.0).sum();
            let was = sum_of(given, line);
            lines.extend(changed(line.clone(), was, total));
        }
    }
    for gone in given
        .iter()
        .filter(|row| !seen.contains(&(row.kind, row.part, row.code.clone(), row.subject_id)))
    {
        lines.extend(changed(
            line_of(&now.payslip, gone),
            gone.amount.0,
            Decimal::ZERO,
        ));
    }
    if lines.is_empty() {
        return None;
    }
    let payslip = totals(now.payslip, &lines, before);
    lines.extend(
        now.lines
            .into_iter()
            .filter(|line| line.part == PayslipLinePart::Trace),
    );
    place(&mut lines);
    Some(Drawn { payslip, lines })
}

fn is_money(line: &PayslipLine) -> bool {
    line.part != PayslipLinePart::Trace
}

fn sum_of(given: &[Given], line: &PayslipLine) -> Decimal {
    let same = given.iter().filter(|row| {
        (row.kind, row.part, row.subject_id) == (line.kind, line.part, line.subject_id)
            && row.code == line.code
    });
    same.map(|row| row.amount.0).sum()
}

/// The line of a difference, which says what was and what should have been.
fn changed(line: PayslipLine, was: Decimal, now: Decimal) -> Option<PayslipLine> {
    if was == now {
        return None;
    }
    let mut inputs = line.inputs_json.as_array().cloned().unwrap_or_default();
    inputs.push(json!(["before", was.to_string()]));
    inputs.push(json!(["now", now.to_string()]));
    Some(PayslipLine {
        base: None,
        rate: None,
        amount: Dec(now - was),
        rule: format!("{RULE} {}", line.rule).trim_end().to_owned(),
        inputs_json: json!(inputs),
        ..line
    })
}

fn line_of(payslip: &Payslip, gone: &Given) -> PayslipLine {
    PayslipLine {
        organisation_id: payslip.organisation_id,
        id: PayslipLineId::generate(),
        payslip_id: payslip.id,
        position: 0,
        kind: gone.kind,
        part: gone.part,
        code: gone.code.clone(),
        label_es: gone.label_es.clone(),
        label_en: gone.label_en.clone(),
        base: None,
        rate: None,
        amount: gone.amount,
        rule: String::new(),
        expression: "now - before".to_owned(),
        rule_version: payslip.pack_version.clone(),
        source: String::new(),
        certainty: "A".to_owned(),
        inputs_json: json!([]),
        subject_id: gone.subject_id,
    }
}

fn totals(now: Payslip, lines: &[PayslipLine], before: &[Decimal; 4]) -> Payslip {
    let sum = |wanted: &dyn Fn(&PayslipLine) -> bool| -> Decimal {
        lines
            .iter()
            .filter(|line| wanted(line))
            .map(|line| line.amount.0)
            .sum()
    };
    let gross = sum(&|line| line.kind == PayslipLineKind::Earning);
    let employer = sum(&|line| line.kind == PayslipLineKind::Employer);
    let taken = |part: PayslipLinePart| {
        sum(&|line| line.kind == PayslipLineKind::Deduction && line.part == part)
    };
    let contributions = taken(PayslipLinePart::Contribution);
    let tax = taken(PayslipLinePart::Tax);
    let all = sum(&|line| line.kind == PayslipLineKind::Deduction);
    let [taxable, common, professional, share] = before;
    Payslip {
        gross: Dec(gross),
        employee_contributions: Dec(contributions),
        tax: Dec(tax),
        deductions: Dec(all - contributions - tax),
        net: Dec(gross - all),
        employer_contributions: Dec(employer),
        taxable_pay: Dec(now.taxable_pay.0 - taxable),
        common_base: Dec(now.common_base.0 - common),
        professional_base: Dec(now.professional_base.0 - professional),
        extra_pay_share: Dec(now.extra_pay_share.0 - share),
        ..now
    }
}
