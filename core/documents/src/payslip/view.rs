//! The payslip as its template reads it: every figure and date already written out in the
//! document's language, every explanation numbered once.

use rust_decimal::Decimal;
use serde::Serialize;

use super::{Contributions, Deductions, Employee, Employer, Explanation, Line, Payslip};
use crate::{Language, Text};

/// The data of `payslip.typ`.
#[derive(Debug, Serialize)]
pub(super) struct PayslipView<'a> {
    language: &'static str,
    reference: &'a str,
    kind: &'a str,
    employer: EmployerView<'a>,
    employee: EmployeeView<'a>,
    period: PeriodView,
    paid_on: String,
    iban: Option<String>,
    earnings: Vec<Group<'a>>,
    deductions: Vec<Group<'a>>,
    bases: BasesView<'a>,
    gross: String,
    total_deductions: String,
    total_contributions: String,
    net: String,
    remarks: Vec<&'a str>,
    notes: Vec<String>,
}

#[derive(Debug, Serialize)]
struct EmployerView<'a> {
    name: &'a str,
    address: &'a str,
    tax_id: &'a str,
    contribution_account: &'a str,
}

#[derive(Debug, Serialize)]
struct EmployeeView<'a> {
    code: &'a str,
    name: &'a str,
    tax_id: &'a str,
    social_security_number: &'a str,
    job_title: &'a str,
    professional_group: &'a str,
    contribution_group: &'a str,
    contract: &'a str,
    seniority_date: String,
}

#[derive(Debug, Serialize)]
struct PeriodView {
    from: String,
    to: String,
    days: String,
}

/// Lines under one heading; the template finds the heading's words by its key.
#[derive(Debug, Serialize)]
struct Group<'a> {
    heading: &'static str,
    lines: Vec<LineView<'a>>,
}

#[derive(Debug, Serialize)]
struct LineView<'a> {
    code: &'a str,
    label: &'a str,
    quantity: String,
    base: String,
    rate: String,
    amount: String,
    /// The number of the explanation; 0 for none.
    note: usize,
}

#[derive(Debug, Serialize)]
struct BasesView<'a> {
    monthly_pay: String,
    extra_pay_share: String,
    remuneration: String,
    groups: Vec<Group<'a>>,
    income_tax_base: String,
    employer_total: String,
}

impl<'a> PayslipView<'a> {
    pub(super) fn new(payslip: &'a Payslip, language: Language) -> Self {
        let mut writer = Writer {
            language,
            notes: Vec::new(),
        };
        let earnings = vec![
            writer.group("salary", &payslip.salary),
            writer.group("non_salary", &payslip.non_salary),
        ];
        let deductions = writer.deductions(&payslip.deductions);
        let bases = writer.bases(&payslip.contributions);
        let paid_in = payslip
            .deductions
            .contributions
            .iter()
            .map(|line| line.amount)
            .sum();
        Self {
            language: language.code(),
            reference: &payslip.reference,
            kind: payslip.kind.get(language),
            employer: EmployerView::new(&payslip.employer),
            employee: EmployeeView::new(&payslip.employee, language),
            period: PeriodView {
                from: language.long_date(payslip.period.from),
                to: language.long_date(payslip.period.to),
                days: language.quantity(payslip.period.days),
            },
            paid_on: language.long_date(payslip.payment.date),
            iban: payslip.payment.iban.as_deref().map(masked),
            earnings,
            deductions,
            bases,
            gross: language.amount(payslip.gross),
            total_deductions: language.amount(payslip.total_deductions),
            total_contributions: language.amount(paid_in),
            net: language.amount(payslip.net),
            remarks: payslip.remarks.iter().map(|it| it.get(language)).collect(),
            notes: writer.notes,
        }
    }
}

impl<'a> EmployerView<'a> {
    fn new(employer: &'a Employer) -> Self {
        Self {
            name: &employer.name,
            address: &employer.address,
            tax_id: &employer.tax_id,
            contribution_account: &employer.contribution_account,
        }
    }
}

impl<'a> EmployeeView<'a> {
    fn new(employee: &'a Employee, language: Language) -> Self {
        Self {
            code: &employee.code,
            name: &employee.name,
            tax_id: &employee.tax_id,
            social_security_number: &employee.social_security_number,
            job_title: employee.job_title.get(language),
            professional_group: employee.professional_group.get(language),
            contribution_group: &employee.contribution_group,
            contract: employee.contract.get(language),
            seniority_date: language.date(employee.seniority_date),
        }
    }
}

/// Writes lines in one language and collects their explanations, each once.
struct Writer {
    language: Language,
    notes: Vec<String>,
}

impl Writer {
    fn deductions<'a>(&mut self, deductions: &'a Deductions) -> Vec<Group<'a>> {
        let mut groups = vec![
            self.group("contributions", &deductions.contributions),
            self.group("income_tax", &deductions.income_tax),
        ];
        for (heading, lines) in [
            ("advances", &deductions.advances),
            ("in_kind", &deductions.in_kind),
            ("others", &deductions.others),
        ] {
            groups.push(self.group(heading, lines));
        }
        groups
    }

    fn bases<'a>(&mut self, bases: &'a Contributions) -> BasesView<'a> {
        let language = self.language;
        let groups = vec![
            self.group("common", &bases.common),
            self.group("professional", &bases.professional),
            self.group("overtime", &bases.overtime),
        ];
        BasesView {
            monthly_pay: language.amount(bases.monthly_pay),
            extra_pay_share: language.amount(bases.extra_pay_share),
            remuneration: language.amount(bases.monthly_pay.saturating_add(bases.extra_pay_share)),
            groups,
            income_tax_base: language.amount(bases.income_tax_base),
            employer_total: language.amount(bases.employer_total),
        }
    }

    fn group<'a>(&mut self, heading: &'static str, lines: &'a [Line]) -> Group<'a> {
        Group {
            heading,
            lines: lines.iter().map(|line| self.line(line)).collect(),
        }
    }

    fn line<'a>(&mut self, line: &'a Line) -> LineView<'a> {
        let language = self.language;
        let written = |value: Option<Decimal>, write: fn(Language, Decimal) -> String| {
            value
                .map(|value| write(language, value))
                .unwrap_or_default()
        };
        LineView {
            code: &line.code,
            label: line.label.get(language),
            quantity: written(line.quantity, Language::quantity),
            base: written(line.base, Language::amount),
            rate: written(line.rate, Language::percent),
            amount: language.amount(line.amount),
            note: line.explanation.as_ref().map_or(0, |it| self.note(it)),
        }
    }

    /// The number of an explanation, counted from 1 in the order of the page.
    fn note(&mut self, explanation: &Explanation) -> usize {
        let sentence = self.sentence(explanation);
        if let Some(at) = self.notes.iter().position(|note| *note == sentence) {
            return at + 1;
        }
        self.notes.push(sentence);
        self.notes.len()
    }

    fn sentence(&self, explanation: &Explanation) -> String {
        let input = |(name, value): &(Text, String)| format!("{} {value}", name.get(self.language));
        let inputs: Vec<_> = explanation.inputs.iter().map(input).collect();
        let parts = [
            explanation.rule.get(self.language),
            &inputs.join(", "),
            &explanation.source,
            &explanation.version,
        ];
        let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        parts.join(" · ")
    }
}

/// Only the country, the check digits and the last four show.
fn masked(iban: &str) -> String {
    let compact: Vec<char> = iban.chars().filter(|char| !char.is_whitespace()).collect();
    let hidden = compact.len().saturating_sub(4);
    let mut text = String::new();
    for (at, char) in compact.into_iter().enumerate() {
        if at > 0 && at.is_multiple_of(4) {
            text.push(' ');
        }
        text.push(if (4..hidden).contains(&at) {
            '•'
        } else {
            char
        });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn an_iban_shows_its_ends_only() {
        assert_eq!(
            masked("ES91 2100 0418 4502 0005 1332"),
            "ES91 •••• •••• •••• •••• 1332"
        );
        assert_eq!(
            masked("DE89370400440532013000"),
            "DE89 •••• •••• •••• ••30 00"
        );
    }
}
