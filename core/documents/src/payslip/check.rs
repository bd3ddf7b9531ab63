//! What a payslip must satisfy before it is printed.

use iban::Iban;
use rust_decimal::Decimal;

use super::{Line, Payslip};
use crate::error::Problem;

/// Every rule that the payslip breaks.
pub(super) fn problems(payslip: &Payslip) -> Vec<Problem> {
    let mut problems = Vec::new();
    names(payslip, &mut problems);
    dates(payslip, &mut problems);
    account(payslip, &mut problems);
    cents(payslip, &mut problems);
    sums(payslip, &mut problems);
    problems
}

fn names(payslip: &Payslip, problems: &mut Vec<Problem>) {
    for (field, value) in [
        ("reference", &payslip.reference),
        ("employer.name", &payslip.employer.name),
        ("employer.tax_id", &payslip.employer.tax_id),
        ("employee.name", &payslip.employee.name),
        ("employee.tax_id", &payslip.employee.tax_id),
    ] {
        if value.trim().is_empty() {
            problems.push(Problem::new(
                "payslip.missing",
                field,
                "Falta este dato en el recibo de salarios.",
                "The payslip lacks this.",
            ));
        }
    }
}

fn dates(payslip: &Payslip, problems: &mut Vec<Problem>) {
    if payslip.period.to < payslip.period.from {
        problems.push(Problem::new(
            "payslip.period_backwards",
            "period.to",
            "El periodo termina antes de empezar.",
            "The period ends before it begins.",
        ));
    }
}

fn account(payslip: &Payslip, problems: &mut Vec<Problem>) {
    let Some(iban) = &payslip.payment.iban else {
        return;
    };
    if iban.parse::<Iban>().is_err() {
        problems.push(Problem::new(
            "payslip.iban_invalid",
            "payment.iban",
            "El IBAN del trabajador no es válido.",
            "The employee's IBAN is not valid.",
        ));
    }
}

fn cents(payslip: &Payslip, problems: &mut Vec<Problem>) {
    let totals = [
        ("gross", payslip.gross),
        ("total_deductions", payslip.total_deductions),
        ("net", payslip.net),
        (
            "contributions.employer_total",
            payslip.contributions.employer_total,
        ),
    ];
    let amounts = totals
        .map(|(field, amount)| (field.to_owned(), amount))
        .into_iter();
    let amounts = amounts
        .chain(amounts_of("salary", &payslip.salary))
        .chain(amounts_of("non_salary", &payslip.non_salary))
        .chain(amounts_of("deductions", payslip.deductions.lines()))
        .chain(amounts_of("contributions", payslip.contributions.lines()));
    for (field, amount) in amounts {
        if amount.normalize().scale() > 2 {
            problems.push(Problem::new(
                "payslip.fraction_of_cent",
                field,
                format!("El importe {amount} tiene más de dos decimales."),
                format!("The amount {amount} has more than two decimals."),
            ));
        }
    }
}

fn amounts_of<'a>(
    part: &'static str,
    lines: impl IntoIterator<Item = &'a Line>,
) -> impl Iterator<Item = (String, Decimal)> {
    let lines = lines.into_iter().enumerate();
    lines.map(move |(at, line)| (format!("{part}[{at}].amount"), line.amount))
}

fn sums(payslip: &Payslip, problems: &mut Vec<Problem>) {
    let gross = total(payslip.salary.iter().chain(&payslip.non_salary));
    let deductions = total(payslip.deductions.lines());
    let employer = total(payslip.contributions.lines());
    for (field, said, found) in [
        ("gross", payslip.gross, Some(gross)),
        (
            "total_deductions",
            payslip.total_deductions,
            Some(deductions),
        ),
        (
            "net",
            payslip.net,
            payslip.gross.checked_sub(payslip.total_deductions),
        ),
        (
            "contributions.employer_total",
            payslip.contributions.employer_total,
            Some(employer),
        ),
    ] {
        let Some(found) = found.filter(|found| *found != said) else {
            continue;
        };
        problems.push(Problem::new(
            "payslip.total_mismatch",
            field,
            format!("El total dice {said}, pero las líneas suman {found}."),
            format!("The total says {said}, but the lines add up to {found}."),
        ));
    }
}

fn total<'a>(lines: impl Iterator<Item = &'a Line>) -> Decimal {
    lines.map(|line| line.amount).sum()
}
