//! What must hold for any payslip.

use proptest::prelude::*;

use super::*;
use crate::explained::Side;
use crate::fault::Text;
use crate::garnishment::{Basis, Order};

fn cents(range: std::ops::Range<i64>) -> impl Strategy<Value = Decimal> {
    range.prop_map(|value| Decimal::new(value, 2))
}

fn withheld(tax: &TaxSituation) -> Withholding {
    let (date, kind) = ("2026-06-30", ContractKind::Indefinite);
    withholding(&pack(date), day(date), kind, tax, &YearToDate::default()).unwrap()
}

prop_compose! {
    fn any_payslip()(
        month in 1u32..=12,
        salary in cents(0..1_500_000),
        group in 1u8..=11,
        temporary in any::<bool>(),
        extras in 0u32..=4,
        prorated in any::<bool>(),
        paid_now in cents(0..300_000),
        overtime in cents(0..50_000),
        accident in cents(0..700),
        bonus in (0i64..100_000_000).prop_map(|value| Decimal::new(value, 4)),
        absent in 0u32..=31,
        start in 1u32..=28,
        part in prop::option::of((1i64..=100, prop::option::of(cents(0..17_000)))),
        debt in cents(0..400_000),
        instalment in cents(0..100_000),
    ) -> PayslipInput {
        let mut input = payslip(2026, month, "0");
        input.monthly_salary = salary;
        input.contribution_group = group;
        input.contract.starts_on = NaiveDate::from_ymd_opt(2026, month, start).unwrap();
        if temporary {
            input.contract.kind = ContractKind::Temporary;
        }
        let days = input.period.days().unwrap() - start + 1;
        input.unpaid_absence_days = absent.min(days);
        input.extra_pays = ExtraPays { count: extras, amount: salary, prorated, paid_now };
        input.overtime.other = overtime;
        input.accident_rate = accident;
        input.tax.annual_pay = salary * Decimal::from(12 + extras);
        input.part_time =
            part.map(|(ratio, hours)| PartTime { ratio: Decimal::new(ratio, 2), hours });
        let label = Text::new("Plus", "Bonus");
        input.earnings = vec![Earning::fixed("bonus", label.clone(), bonus)];
        let code = "debt".to_owned();
        let (outstanding, basis) = (debt, Basis::Scale);
        let order = Order { code, label: label.clone(), priority: 1, outstanding, basis };
        input.garnishments = vec![order];
        let code = "advance".to_owned();
        input.advances = vec![Advance { code, label, outstanding, instalment }];
        input
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn lines_add_up_and_no_cent_is_lost(input in any_payslip()) {
        let result = run(&input);
        prop_assert_eq!(result.gross, result.total(Side::Earning));
        prop_assert_eq!(result.employee_contributions, result.total(Side::Employee));
        prop_assert_eq!(result.tax, result.total(Side::Tax));
        prop_assert_eq!(result.deductions, result.total(Side::Deduction));
        prop_assert_eq!(result.employer_cost, result.gross + result.total(Side::Employer));
        let taken = result.employee_contributions + result.tax + result.deductions;
        prop_assert_eq!(result.net, result.gross - taken);
        for line in &result.lines {
            prop_assert_eq!(line.amount().round_dp(2), line.amount(), "{}", line.code());
            prop_assert!(line.amount() >= Decimal::ZERO, "{}", line.code());
        }
        let wanted = input.advances[0].instalment.min(input.advances[0].outstanding);
        let carried: Decimal = result.carried.iter().map(|rest| rest.amount).sum();
        prop_assert_eq!(line(&result, "advance") + carried, wanted);
        prop_assert_eq!(
            result.explained("gross").unwrap().amount, result.gross);
        prop_assert_eq!(result.explained("employer_contributions").unwrap().amount,
            result.employer_contributions);
    }

    #[test]
    fn bases_stay_between_floor_and_ceiling(input in any_payslip()) {
        let result = run(&input);
        let value = |code: &str| result.explained(code).unwrap().amount;
        let (floor, top) = (value("common_floor"), value("base_ceiling"));
        for base in [value("clamped_common"), value("clamped_professional")] {
            prop_assert!(base <= top);
        }
        prop_assert!(value("clamped_common") >= floor.min(top));
        let covered = value("clamped_common") + value("solidarity_excess");
        prop_assert!(covered >= value("pay_in_base").min(covered));
        if value("solidarity_excess") > Decimal::ZERO {
            prop_assert_eq!(covered, value("pay_in_base"));
        }
    }

    #[test]
    fn more_pay_never_means_smaller_bases_or_contributions(
        input in any_payslip(), more in cents(0..200_000),
    ) {
        let low = run(&input);
        let mut raised = input.clone();
        raised.monthly_salary += more;
        let high = run(&raised);
        prop_assert!(high.gross >= low.gross);
        prop_assert!(high.bases.common.amount >= low.bases.common.amount);
        prop_assert!(high.bases.professional.amount >= low.bases.professional.amount);
        prop_assert!(high.employee_contributions >= low.employee_contributions);
        prop_assert!(high.employer_contributions >= low.employer_contributions);
        prop_assert!(high.tax >= low.tax);
    }

    #[test]
    fn more_annual_pay_never_means_less_quota(
        pay in cents(0..20_000_000),
        more in cents(0..500_000),
    ) {
        let of = |pay: Decimal| {
            let tax = TaxSituation::single(pay, 1985);
            withheld(&tax)
        };
        let (low, high) = (of(pay), of(pay + more));
        prop_assert!(high.base >= low.base);
        prop_assert!(high.full_quota >= low.full_quota);
        prop_assert!(high.annual_amount <= (pay + more) * dec("0.47"));
        prop_assert_eq!(high.rate.round_dp(2), high.rate);
    }

    #[test]
    fn more_children_never_mean_a_higher_rate(pay in cents(0..8_000_000), children in 0usize..5) {
        let of = |children: usize| {
            let mut tax = TaxSituation::single(pay, 1985);
            tax.descendants = vec![Descendant::born(2015); children];
            withheld(&tax).rate
        };
        prop_assert!(of(children + 1) <= of(children));
    }
}
