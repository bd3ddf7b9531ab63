//! From a payslip to the wage receipt that is printed. Pure.

use directory::company::Company;
use documents::payslip::{
    Contributions, Deductions, Employee as Worker, Employer, Explanation, Line, Payment, Period,
};
use documents::{Language, Payslip as Receipt, Text};
use kernel::Locale;
use rust_decimal::Decimal;

use super::{PayrollRun, PayrollRunKind};
use crate::contract::{Contract, ContractKind};
use crate::employee::Employee;
use crate::payslip::{Payslip, PayslipLine, PayslipLineKind, PayslipLinePart};

/// What a receipt is printed from.
pub(super) struct Sheet<'s> {
    pub run: &'s PayrollRun,
    pub company: &'s Company,
    pub employee: &'s Employee,
    pub contract: &'s Contract,
    pub payslip: &'s Payslip,
    pub lines: &'s [PayslipLine],
}

/// The language of a receipt.
pub(super) fn language(locale: Locale) -> Language {
    match locale {
        Locale::Es => Language::Es,
        Locale::En => Language::En,
    }
}

/// The reference printed on a receipt, which names its file as well.
pub(super) fn reference(run: &PayrollRun, employee: &Employee) -> String {
    let kind = match run.kind {
        PayrollRunKind::Regular => "NOM",
        PayrollRunKind::Delta => "COR",
    };
    format!("{kind}-{}-{:02}-{}", run.year, run.month, employee.code())
}

impl Sheet<'_> {
    /// The receipt.
    pub fn receipt(&self) -> Receipt {
        let slip = self.payslip;
        let taken = slip.employee_contributions.0 + slip.tax.0 + slip.deductions.0;
        Receipt {
            reference: reference(self.run, self.employee),
            kind: match self.run.kind {
                PayrollRunKind::Regular => Text::new("Nómina mensual", "Monthly payroll"),
                PayrollRunKind::Delta => Text::new("Corrección de nómina", "Payroll correction"),
            },
            employer: self.employer(),
            employee: self.worker(),
            period: Period {
                from: slip.period_from.0,
                to: slip.period_to.0,
                days: slip.days.0,
            },
            payment: Payment {
                date: self.run.pay_date.0,
                iban: self.employee.iban.clone(),
            },
            salary: self.lines_of(|line| line.kind == PayslipLineKind::Earning),
            non_salary: Vec::new(),
            deductions: self.deductions(),
            contributions: self.contributions(),
            gross: slip.gross.0,
            total_deductions: taken,
            net: slip.net.0,
            remarks: self.remarks(),
        }
    }

    fn employer(&self) -> Employer {
        let company = self.company;
        let place = [company.postal_code.as_deref(), company.city.as_deref()];
        let place: Vec<&str> = place.into_iter().flatten().collect();
        let parts = [company.street.clone().unwrap_or_default(), place.join(" ")];
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        Employer {
            name: company.legal_name.clone(),
            address: parts.join(", "),
            tax_id: company.tax_id.clone(),
            contribution_account: company.ccc.clone().unwrap_or_default(),
        }
    }

    fn worker(&self) -> Worker {
        let (employee, contract) = (self.employee, self.contract);
        Worker {
            code: employee.code(),
            name: employee.full_name.clone(),
            tax_id: employee.tax_id.clone(),
            social_security_number: employee.social_security_number.clone(),
            job_title: Text::same(&contract.occupation),
            professional_group: Text::same(contract.professional_group.clone().unwrap_or_default()),
            contribution_group: contract.contribution_group.to_string(),
            contract: contract_kind(contract),
            seniority_date: contract.seniority_from.0,
        }
    }

    fn deductions(&self) -> Deductions {
        let of = |part: PayslipLinePart| {
            self.lines_of(|line| line.kind == PayslipLineKind::Deduction && line.part == part)
        };
        let mut others = of(PayslipLinePart::Garnishment);
        others.extend(of(PayslipLinePart::Other));
        Deductions {
            contributions: of(PayslipLinePart::Contribution),
            income_tax: of(PayslipLinePart::Tax),
            advances: of(PayslipLinePart::Advance),
            in_kind: Vec::new(),
            others,
        }
    }

    fn contributions(&self) -> Contributions {
        let slip = self.payslip;
        let employer = |wanted: &dyn Fn(&str) -> bool| {
            self.lines_of(|line| line.kind == PayslipLineKind::Employer && wanted(&line.code))
        };
        let extra = self.lines.iter().filter(|line| {
            line.kind == PayslipLineKind::Earning
                && (line.code == "extra_due_pay" || line.code == "extra_prorated_pay")
        });
        let extra: Decimal = extra.map(|line| line.amount.0).sum();
        Contributions {
            monthly_pay: slip.gross.0 - extra,
            extra_pay_share: slip.extra_pay_share.0,
            common: employer(&is_common),
            professional: employer(&|code| !is_common(code) && !code.starts_with("overtime_")),
            overtime: employer(&|code| code.starts_with("overtime_")),
            income_tax_base: slip.taxable_pay.0,
            employer_total: slip.employer_contributions.0,
        }
    }

    fn remarks(&self) -> Vec<Text> {
        let mut remarks = Vec::new();
        if self.run.kind == PayrollRunKind::Delta {
            let (month, year) = (self.run.month, self.run.year);
            remarks.push(Text::new(
                format!("Corrige el recibo de {month:02}/{year}: los importes son diferencias."),
                format!("It corrects the payslip of {month:02}/{year}: amounts are differences."),
            ));
        }
        let notices = self.payslip.notices.as_array().cloned().unwrap_or_default();
        let text = |notice: &serde_json::Value, key: &str| {
            notice
                .get(key)
                .and_then(serde_json::Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        remarks.extend(
            notices
                .iter()
                .map(|it| Text::new(text(it, "es"), text(it, "en"))),
        );
        remarks
    }

    fn lines_of(&self, wanted: impl Fn(&PayslipLine) -> bool) -> Vec<Line> {
        self.lines
            .iter()
            .filter(|line| wanted(line))
            .map(printed)
            .collect()
    }
}

/// The employer's contributions that go with the common contingencies.
fn is_common(code: &str) -> bool {
    ["common_", "mei_", "solidarity_"]
        .iter()
        .any(|start| code.starts_with(start))
}

fn contract_kind(contract: &Contract) -> Text {
    let full = contract.working_time.0 == Decimal::ONE;
    let share = (contract.working_time.0 * Decimal::ONE_HUNDRED).normalize();
    let (es, en) = match contract.kind {
        ContractKind::Indefinite => ("Indefinido", "Permanent"),
        ContractKind::Temporary => ("Temporal", "Temporary"),
    };
    if full {
        Text::new(
            format!("{es} a tiempo completo"),
            format!("{en}, full time"),
        )
    } else {
        Text::new(
            format!("{es} a tiempo parcial ({share} %)"),
            format!("{en}, part time ({share}%)"),
        )
    }
}

fn printed(line: &PayslipLine) -> Line {
    let ours = line.subject_id.is_some() && line.part == PayslipLinePart::Pay;
    let inputs = line
        .inputs()
        .into_iter()
        .map(|it| (Text::same(it.name), it.value))
        .collect();
    Line {
        code: if ours {
            line.code.clone()
        } else {
            String::new()
        },
        label: Text::new(&line.label_es, &line.label_en),
        quantity: None,
        base: line.base.map(|base| base.0),
        rate: line.rate.map(|rate| rate.0),
        amount: line.amount.0,
        explanation: Some(Explanation {
            rule: Text::same(&line.rule),
            inputs,
            version: line.rule_version.clone(),
            source: line.source.clone(),
        }),
    }
}
