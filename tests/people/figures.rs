//! The figures of payslips: as the API tells them, and as the rules alone give them.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use trastienda_core::rules::library;
use trastienda_core::rules::payroll::{
    Contract, ContractKind, ExtraPays, PayslipInput, PayslipResult, Period, TaxSituation, calculate,
};

use super::stage::{Month, amount, decimal, employee};

/// The sums of a payslip and of a run alike.
pub const SUMS: &str = "gross { amount } employeeContributions { amount } tax { amount } \
                        deductions { amount } net { amount } employerContributions { amount }";
/// Their names.
pub const SUM_NAMES: [&str; 6] = [
    "gross",
    "employeeContributions",
    "tax",
    "deductions",
    "net",
    "employerContributions",
];

/// The payslip of an employee in the month's run.
pub async fn payslip_of(month: &Month, name: &str) -> Value {
    let id = employee(&month.clerk, name).await;
    let query = format!(
        "query ($id: ID!, $run: ID!) {{ payslips(filter: {{ employee: {{ eq: $id }}, \
         run: {{ eq: $run }} }}) {{ nodes {{ id days taxRate {SUMS} commonBase {{ amount }} \
         taxablePay {{ amount }} }} }} }}"
    );
    let variables = json!({ "id": id, "run": month.run });
    let mut data = month.clerk.run(&query, variables).await;
    data["payslips"]["nodes"][0].take()
}

/// What somebody is paid for: a yearly salary in fourteen payments, a group, a first day, and the
/// rate of accidents.
#[derive(Clone, Copy)]
pub struct Terms {
    pub annual: &'static str,
    pub group: u8,
    pub hired: (i32, u32, u32),
    pub accidents: &'static str,
}

impl Terms {
    /// What the rules are asked for a month of 2026: full time, extra pays not prorated.
    pub fn input(self, month: u32, tax: TaxSituation) -> PayslipInput {
        let annual: Decimal = self.annual.parse().unwrap();
        let monthly = (annual / Decimal::from(14)).round_dp(2);
        let (year, first_month, day) = self.hired;
        let contract = Contract {
            kind: ContractKind::Indefinite,
            starts_on: NaiveDate::from_ymd_opt(year, first_month, day).unwrap(),
            ends_on: None,
        };
        let extra_pays = ExtraPays {
            count: 2,
            amount: monthly,
            ..ExtraPays::default()
        };
        let period = Period::new(2026, month);
        PayslipInput {
            accident_rate: self.accidents.parse().unwrap(),
            extra_pays,
            ..PayslipInput::new(period, contract, self.group, monthly, tax)
        }
    }
}

/// What the rules alone give.
pub fn by_the_rules(input: &PayslipInput) -> PayslipResult {
    let pack = library::pack_for("ES", input.period.last_day().unwrap()).unwrap();
    calculate(&pack, input).unwrap()
}

/// That a payslip says what the rules say.
pub fn same(slip: &Value, rules: &PayslipResult) {
    for (name, value) in sums_of(rules) {
        assert_eq!(amount(&slip[name]), value, "{name}");
    }
    assert_eq!(amount(&slip["commonBase"]), rules.bases.common.amount);
    assert_eq!(decimal(&slip["taxRate"]), rules.withholding.rate);
}

/// The sums of a result by their names.
pub fn sums_of(rules: &PayslipResult) -> [(&'static str, Decimal); 6] {
    let values = [
        rules.gross,
        rules.employee_contributions,
        rules.tax,
        rules.deductions,
        rules.net,
        rules.employer_contributions,
    ];
    std::array::from_fn(|index| (SUM_NAMES[index], values[index]))
}
