//! The month's arithmetic: extra pays, company earnings, deductions, explanations.

use super::*;
use crate::explained::{Certainty, Side};
use crate::fault::{Locale, Text};
use crate::formula::Formula;
use crate::garnishment::{Basis, Order};

#[test]
fn extra_pays_count_monthly_and_are_taxed_when_paid() {
    let mut input = payslip(2026, 5, "1221.00");
    two_extras(&mut input, false);
    let may = run(&input);
    assert_eq!(may.bases.common.amount, dec("1424.50"));
    assert_eq!(
        (may.gross, may.taxable_pay),
        (dec("1221.00"), dec("1221.00"))
    );
    input.period = Period::new(2026, 6);
    input.extra_pays.paid_now = dec("1221.00");
    let june = run(&input);
    assert_eq!(june.bases.common.amount, dec("1424.50"));
    assert_eq!(
        (june.gross, june.taxable_pay),
        (dec("2442.00"), dec("2442.00"))
    );
    input.extra_pays = ExtraPays {
        prorated: true,
        paid_now: Decimal::ZERO,
        ..input.extra_pays
    };
    let prorated = run(&input);
    assert_eq!(line(&prorated, "extra_prorated_pay"), dec("203.50"));
    assert_eq!(
        (prorated.gross, prorated.taxable_pay),
        (dec("1424.50"), dec("1424.50"))
    );
    // 4.70, 0.15, 1.55 and 0.10 % of 1,424.50, each to the cent.
    assert_eq!(
        prorated.employee_contributions,
        dec("66.95") + dec("2.14") + dec("22.08") + dec("1.42")
    );
    assert_eq!(prorated.withholding.rate, dec("3.06"));
    assert_eq!(prorated.tax, dec("43.59"));
}

#[test]
fn company_earnings_and_deductions_by_formula() {
    let mut input = payslip(2026, 6, "2000.00");
    let formula = Formula::parse("base * 0.05 * years").unwrap();
    let values = [
        ("base".to_owned(), dec("2000")),
        ("years".to_owned(), dec("3")),
    ]
    .into();
    let label = || Text::new("Antigüedad", "Seniority");
    let seniority = Earning::by_formula("seniority", label(), &formula, &values).unwrap();
    let travel = Earning {
        in_ss_base: false,
        taxable: false,
        ..Earning::fixed("travel", Text::new("Dietas", "Travel"), dec("53.335"))
    };
    input.earnings = vec![seniority, travel];
    let advance = Text::new("Anticipo", "Advance");
    let (outstanding, instalment) = (dec("120"), dec("150"));
    input.advances = vec![Advance {
        code: "advance".into(),
        label: advance,
        outstanding,
        instalment,
    }];
    let result = run(&input);
    assert_eq!(line(&result, "seniority"), dec("300.00"));
    assert_eq!(result.line("seniority").unwrap().explained.inputs.len(), 2);
    assert_eq!(line(&result, "travel"), dec("53.34"));
    assert_eq!(result.gross, dec("2353.34"));
    assert_eq!(result.taxable_pay, dec("2300.00"));
    assert_eq!(result.bases.common.amount, dec("2300.00"));
    assert_eq!(line(&result, "advance"), dec("120.00"));
    assert!(result.carried.is_empty());
}

#[test]
fn the_net_is_never_taken_below_zero_by_deductions() {
    let mut input = payslip(2026, 6, "1500.00");
    let label = Text::new("Préstamo", "Loan");
    input.deductions = vec![Deduction {
        code: "loan".into(),
        label,
        amount: dec("5000"),
    }];
    let result = run(&input);
    assert_eq!(result.net, Decimal::ZERO);
    assert_eq!(
        result.carried[0].amount + line(&result, "loan"),
        dec("5000")
    );
}

#[test]
fn garnishments_stand_before_advances() {
    let mut input = payslip(2026, 6, "3000.00");
    let label = Text::new("Embargo", "Garnishment");
    let order = |code: &str, priority, outstanding: &str| Order {
        code: code.to_owned(),
        label: label.clone(),
        priority,
        outstanding: dec(outstanding),
        basis: Basis::Scale,
    };
    input.garnishments = vec![order("second", 2, "9000"), order("first", 1, "100")];
    let result = run(&input);
    let seized = result.garnishment.clone().unwrap();
    assert_eq!(seized.protected.amount, dec("1424.50"));
    assert_eq!(line(&result, "first"), dec("100.00"));
    assert_eq!(seized.total(), seized.seizable.amount);
    let codes: Vec<_> = result
        .lines_of(Side::Deduction)
        .map(|line| line.code())
        .collect();
    assert_eq!(codes, ["first", "second"]);
    assert_eq!(
        result.net,
        result.gross - result.employee_contributions - result.tax - seized.total()
    );
}

#[test]
fn every_line_explains_itself() {
    let result = run(&payslip(2026, 6, "6000.00"));
    for line in &result.lines {
        let why = &line.explained;
        assert!(why.rule.starts_with("es-payroll-2026/"), "{}", why.rule);
        assert_eq!(why.version, "2026.1");
        assert!(!why.inputs.is_empty(), "{}", why.code);
        assert!(!why.label.es.is_empty() && !why.label.en.is_empty());
        if line.side != Side::Earning {
            assert!(!why.source.is_empty(), "{}", why.code);
        }
    }
    let common = &result.line("common_employee").unwrap().explained;
    assert_eq!(
        common.sentence(Locale::En),
        "Common contingencies: 239.76 by es-payroll-2026/contributions.common_employee \
         (common_base * common_employee_rate / 100); common_base = 5101.20, \
         common_employee_rate = 4.70; source: Orden PJC/297/2026 (BOE-A-2026-7296), art. 4.a"
    );
    assert_eq!(common.certainty, Certainty::A);
    let json = serde_json::to_string(&result).unwrap();
    assert_eq!(
        serde_json::from_str::<PayslipResult>(&json).unwrap(),
        result
    );
}

#[test]
fn pay_below_the_minimum_wage_is_remarked() {
    let notices = run(&payslip(2026, 6, "1400.00")).notices;
    assert_eq!(notices[0].code, "payroll.below_minimum_wage");
    assert!(notices[0].text.es.contains("17094.00"));
    assert!(run(&payslip(2026, 6, "1424.50")).notices.is_empty());
}
