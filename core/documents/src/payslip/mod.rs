//! The Spanish wage receipt: what it says and when it may be printed.
//!
//! It follows the model of the "recibo individual justificativo del pago de salarios" (Orden
//! ESS/2098/2014, annex): who pays whom and for which days, I. Devengos, II. Deducciones, the
//! net pay, and the bases of contribution with the employer's share. The model may be laid
//! out in another way as long as its concepts stay clear and apart (art. 2.1 of the Orden of
//! 27 December 1994, which it amends).
//!
//! The receipt computes nothing. It refuses to print figures that do not add up, so that no
//! page can contradict itself.

mod check;
mod view;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use crate::error::settle;
use crate::{Engine, Language, Result, Text, engine};

/// Everything that one payslip says. Amounts are euros with at most two decimals; they may be
/// negative in a correction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payslip {
    /// The reference printed on the page, which also names the PDF.
    pub reference: String,
    /// What kind of payroll this is, such as `Nómina mensual` or `Paga extraordinaria`.
    pub kind: Text,
    /// Who pays.
    pub employer: Employer,
    /// Who is paid.
    pub employee: Employee,
    /// The days it pays for.
    pub period: Period,
    /// When and how it is paid.
    pub payment: Payment,
    /// I.1 Percepciones salariales: base, complements, overtime, bonuses, pay in kind.
    pub salary: Vec<Line>,
    /// I.2 Percepciones no salariales: expenses, benefits, indemnities.
    pub non_salary: Vec<Line>,
    /// II. Deducciones.
    pub deductions: Deductions,
    /// The bases of contribution and the employer's share.
    pub contributions: Contributions,
    /// A. Total devengado: the sum of both kinds of earnings.
    pub gross: Decimal,
    /// B. Total a deducir: the sum of all deductions.
    pub total_deductions: Decimal,
    /// Líquido total a percibir: A less B.
    pub net: Decimal,
    /// Remarks printed under the figures, such as what a correction corrects.
    pub remarks: Vec<Text>,
}

/// The company and the account under which it pays contributions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Employer {
    /// Its registered name.
    pub name: String,
    /// Its address in one line.
    pub address: String,
    /// NIF.
    pub tax_id: String,
    /// Código de cuenta de cotización (CCC).
    pub contribution_account: String,
}

/// The worker as the receipt has to name them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Employee {
    /// The company's own number for the worker; may be empty.
    pub code: String,
    /// First name and surnames.
    pub name: String,
    /// NIF or NIE.
    pub tax_id: String,
    /// Número de afiliación a la Seguridad Social (NAF).
    pub social_security_number: String,
    /// What the worker does; may be empty.
    pub job_title: Text,
    /// Grupo profesional of the collective agreement.
    pub professional_group: Text,
    /// Grupo de cotización, 1 to 11.
    pub contribution_group: String,
    /// The kind of contract; may be empty.
    pub contract: Text,
    /// The date from which seniority counts.
    pub seniority_date: NaiveDate,
}

/// The days that a receipt pays for, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub to: NaiveDate,
    /// How many days it counts; 30 for a whole month of monthly pay.
    pub days: Decimal,
}

/// When and where the net pay goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// The date of payment, and of the receipt.
    pub date: NaiveDate,
    /// The account paid into; printed masked. `None` prints a place to sign for cash.
    pub iban: Option<String>,
}

/// One concept with how it came about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    /// The company's code of the concept; may be empty.
    pub code: String,
    /// What it is called.
    pub label: Text,
    /// Days, hours or units, where it has them.
    pub quantity: Option<Decimal>,
    /// The base or unit price, in euros.
    pub base: Option<Decimal>,
    /// The rate in per cent: `4.70` for 4,70 %.
    pub rate: Option<Decimal>,
    /// The amount in euros.
    pub amount: Decimal,
    /// Which rule made it.
    pub explanation: Option<Explanation>,
}

/// How a figure came about: the rule, what it read, its version and its legal source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Explanation {
    /// The rule, in words or by its code.
    pub rule: Text,
    /// What the rule read, as name and value, ready to print.
    pub inputs: Vec<(Text, String)>,
    /// The version of the rule pack.
    pub version: String,
    /// The law, article and year.
    pub source: String,
}

/// II. Deducciones, in the five parts of the model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deductions {
    /// 1. The worker's share of the contributions to the Seguridad Social.
    pub contributions: Vec<Line>,
    /// 2. Withholding of income tax (IRPF).
    pub income_tax: Vec<Line>,
    /// 3. Advances paid back.
    pub advances: Vec<Line>,
    /// 4. The value of pay received in kind.
    pub in_kind: Vec<Line>,
    /// 5. Others: embargo, union dues, loans.
    pub others: Vec<Line>,
}

/// The bases of contribution and the employer's share of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contributions {
    /// Importe de la remuneración mensual.
    pub monthly_pay: Decimal,
    /// Importe de la prorrata de pagas extraordinarias.
    pub extra_pay_share: Decimal,
    /// 1. Contingencias comunes, with MEI and solidarity where they apply.
    pub common: Vec<Line>,
    /// 2. Contingencias profesionales y conceptos de recaudación conjunta: AT y EP,
    ///    desempleo, formación profesional, FOGASA.
    pub professional: Vec<Line>,
    /// 3. Cotización adicional por horas extraordinarias.
    pub overtime: Vec<Line>,
    /// 4. Base sujeta a retención del IRPF.
    pub income_tax_base: Decimal,
    /// The sum of the employer's contributions.
    pub employer_total: Decimal,
}

impl Deductions {
    fn lines(&self) -> impl Iterator<Item = &Line> {
        [
            &self.contributions,
            &self.income_tax,
            &self.advances,
            &self.in_kind,
            &self.others,
        ]
        .into_iter()
        .flatten()
    }
}

impl Contributions {
    fn lines(&self) -> impl Iterator<Item = &Line> {
        [&self.common, &self.professional, &self.overtime]
            .into_iter()
            .flatten()
    }
}

impl Payslip {
    /// Prints the receipt as PDF; A4, one page for a usual month. The same receipt, language
    /// and time give the same bytes.
    ///
    /// # Errors
    /// [`crate::DocumentError::Invalid`] with every figure that does not add up, every amount
    /// with more than two decimals, a missing name, a broken IBAN, dates out of order.
    pub fn pdf(
        &self,
        engine: &Engine,
        language: Language,
        created_at: DateTime<Utc>,
    ) -> Result<Vec<u8>> {
        settle(check::problems(self))?;
        let view = view::PayslipView::new(self, language);
        let identity = format!("payslip:{}:{}", self.reference, language.code());
        engine.pdf(engine::PAYSLIP, &view, &identity, created_at)
    }
}

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;
