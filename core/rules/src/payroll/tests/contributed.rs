//! Figures, bases and contributions.

use super::*;

#[test]
fn every_published_figure_stands_in_its_year() {
    for (name, of_2025, of_2026) in [
        ("minimum_wage_month", "1184.00", "1221.00"),
        ("minimum_wage_year", "16576.00", "17094.00"),
        ("max_base_day", "163.65", "170.04"),
        ("general_min_base_day", "46.04", "47.48"),
        ("general_min_base_hour", "8.32", "8.58"),
        ("common_employee_rate", "4.70", "4.70"),
        ("common_employer_rate", "23.60", "23.60"),
        ("unemployment_indefinite_employee_rate", "1.55", "1.55"),
        ("unemployment_indefinite_employer_rate", "5.50", "5.50"),
        ("unemployment_temporary_employee_rate", "1.60", "1.60"),
        ("unemployment_temporary_employer_rate", "6.70", "6.70"),
        ("wage_guarantee_employer_rate", "0.20", "0.20"),
        ("training_employee_rate", "0.10", "0.10"),
        ("training_employer_rate", "0.60", "0.60"),
        ("mei_employee_rate", "0.13", "0.15"),
        ("mei_employer_rate", "0.67", "0.75"),
        ("overtime_force_employee_rate", "2.00", "2.00"),
        ("overtime_force_employer_rate", "12.00", "12.00"),
        ("overtime_other_employee_rate", "4.70", "4.70"),
        ("overtime_other_employer_rate", "23.60", "23.60"),
    ] {
        for (date, expected) in [("2025-06-30", of_2025), ("2026-06-30", of_2026)] {
            let figure = pack(date).figure(name, day(date)).unwrap();
            assert_eq!(figure.amount, dec(expected), "{name} {date}");
            assert!(!figure.source.is_empty(), "{name}");
        }
    }
    assert_eq!(dec("17094.00") / Decimal::from(12), dec("1424.50"));
    assert_eq!(dec("170.04") * Decimal::from(30), dec("5101.20"));
    assert_eq!(dec("170.04") * Decimal::from(360), dec("61214.40"));
    assert_eq!(dec("163.65") * Decimal::from(30), dec("4909.50"));
}

#[test]
fn solidarity_rates_and_shares_add_up() {
    for (date, shares) in [
        (
            "2025-06-30",
            [
                ("0.15", "0.77", "0.92"),
                ("0.17", "0.83", "1.00"),
                ("0.19", "0.98", "1.17"),
            ],
        ),
        (
            "2026-06-30",
            [
                ("0.19", "0.96", "1.15"),
                ("0.21", "1.04", "1.25"),
                ("0.24", "1.22", "1.46"),
            ],
        ),
    ] {
        let pack = pack(date);
        let table = pack.table("solidarity").unwrap();
        let cut = |column: &str| table.shares(dec("2"), Decimal::ONE, column).unwrap();
        for ((employee, employer), expected) in
            cut("employee").iter().zip(cut("employer")).zip(shares)
        {
            assert_eq!(employee.rate, dec(expected.0));
            assert_eq!(employer.rate, dec(expected.1));
            assert_eq!(employee.rate + employer.rate, dec(expected.2));
        }
    }
}

#[test]
fn floors_of_each_group() {
    for (group, of_2025, of_2026) in [
        (1, "1929.00", "1989.30"),
        (2, "1599.60", "1649.70"),
        (3, "1391.70", "1435.20"),
        (4, "1381.20", "1424.40"),
        (5, "1381.20", "1424.40"),
        (7, "1381.20", "1424.40"),
    ] {
        for (year, expected) in [(2025, of_2025), (2026, of_2026)] {
            let mut input = payslip(year, 6, "900");
            input.contribution_group = group;
            let date = input.period.last_day().unwrap().to_string();
            let found = contributions(&pack(&date), &input).unwrap();
            assert_eq!(
                found.bases.common.amount,
                dec(expected),
                "group {group} {year}"
            );
        }
    }
}

#[test]
fn daily_groups_count_the_days_of_the_calendar() {
    for (month, floor, ceiling) in [
        (1, "1471.88", "5271.24"),
        (2, "1329.44", "4761.12"),
        (4, "1424.40", "5101.20"),
    ] {
        for group in 8..=11 {
            let mut low = payslip(2026, month, "900");
            low.contribution_group = group;
            assert_eq!(bases(&low).0, dec(floor), "group {group} month {month}");
            let mut high = payslip(2026, month, "9000");
            high.contribution_group = group;
            assert_eq!(bases(&high).0, dec(ceiling), "group {group} month {month}");
        }
    }
}

#[test]
fn monthly_groups_have_thirty_days_in_every_month() {
    for month in 1..=12 {
        assert_eq!(bases(&payslip(2026, month, "900")).0, dec("1424.40"));
        assert_eq!(bases(&payslip(2026, month, "9000")).0, dec("5101.20"));
    }
}

#[test]
fn every_contribution_of_an_indefinite_contract() {
    let mut input = payslip(2026, 3, "2000.00");
    input.accident_rate = dec("1.50");
    let result = run(&input);
    for (code, expected) in [
        ("common_employee", "94.00"),
        ("mei_employee", "3.00"),
        ("unemployment_employee", "31.00"),
        ("training_employee", "2.00"),
        ("common_employer", "472.00"),
        ("mei_employer", "15.00"),
        ("unemployment_employer", "110.00"),
        ("training_employer", "12.00"),
        ("wage_guarantee_employer", "4.00"),
        ("accident_employer", "30.00"),
    ] {
        assert_eq!(line(&result, code), dec(expected), "{code}");
    }
    // 6.50 % and 30.65 % of the base, and accidents.
    assert_eq!(result.employee_contributions, dec("130.00"));
    assert_eq!(result.employer_contributions, dec("643.00"));
    assert_eq!(result.employer_cost, dec("2643.00"));
    assert_eq!(result.line("solidarity_employee"), None);
}

#[test]
fn sums_of_rates_of_both_years_and_kinds() {
    for (year, kind, employee, employer) in [
        (2025, ContractKind::Indefinite, "129.60", "611.40"),
        (2025, ContractKind::Temporary, "130.60", "635.40"),
        (2026, ContractKind::Indefinite, "130.00", "613.00"),
        (2026, ContractKind::Temporary, "131.00", "637.00"),
    ] {
        let mut input = payslip(year, 6, "2000");
        input.contract.kind = kind;
        let date = input.period.last_day().unwrap().to_string();
        let found = contributions(&pack(&date), &input).unwrap();
        assert_eq!(
            (found.employee, found.employer),
            (dec(employee), dec(employer)),
            "{year}"
        );
    }
}

#[test]
fn solidarity_of_the_published_example() {
    for (pay, sum, employee, employer) in [
        ("5611.32", "5.87", "0.97", "4.90"),
        ("7651.80", "31.37", "5.25", "26.12"),
    ] {
        let result = run(&payslip(2026, 6, pay));
        assert_eq!(line(&result, "solidarity_employee"), dec(employee), "{pay}");
        assert_eq!(line(&result, "solidarity_employer"), dec(employer), "{pay}");
        assert_eq!(dec(employee) + dec(employer), dec(sum));
        assert_eq!(result.bases.common.amount, dec("5101.20"));
    }
    // 1.46 % beyond half the ceiling: 0.24 and 1.22.
    let result = run(&payslip(2026, 6, "8651.80"));
    assert_eq!(line(&result, "solidarity_employee"), dec("7.65"));
    assert_eq!(line(&result, "solidarity_employer"), dec("38.32"));
}

#[test]
fn part_time_has_a_floor_by_the_hour() {
    let mut input = payslip(2026, 6, "500.00");
    input.part_time = Some(PartTime {
        ratio: dec("0.5"),
        hours: Some(dec("80")),
    });
    // 80 hours at 8.58.
    assert_eq!(bases(&input), (dec("686.40"), dec("686.40")));
    input.contribution_group = 1;
    // 80 hours at 11.98, and the general floor for professional contingencies.
    assert_eq!(bases(&input), (dec("958.40"), dec("686.40")));
    input.part_time = Some(PartTime {
        ratio: dec("0.5"),
        hours: None,
    });
    assert_eq!(bases(&input).0, dec("994.34"));
    input.monthly_salary = dec("6000");
    assert_eq!(bases(&input).0, dec("5101.20"));
}

#[test]
fn the_floor_of_part_time_follows_the_days_with_pay() {
    let mut whole = payslip(2026, 11, "712.25");
    whole.part_time = Some(PartTime {
        ratio: dec("0.5"),
        hours: Some(dec("83")),
    });
    // 83 hours at 8.58 are 712.14, below the pay.
    assert_eq!(bases(&whole), (dec("712.25"), dec("712.25")));
    let mut leaver = whole.clone();
    leaver.contract.ends_on = Some(day("2026-11-10"));
    assert_eq!(bases(&leaver), (dec("237.42"), dec("237.42")));
    let mut joiner = whole.clone();
    joiner.contract.starts_on = day("2026-11-21");
    assert_eq!(bases(&joiner), (dec("237.42"), dec("237.42")));
    // A floor above the pay is a third of 712.14 as well.
    joiner.monthly_salary = dec("600");
    assert_eq!(bases(&joiner), (dec("237.38"), dec("237.38")));
    // Twenty days of pay above their floor, and ten at half the minimum of the group.
    let mut absent = whole;
    absent.unpaid_absence_days = 10;
    assert_eq!(bases(&absent), (dec("712.23"), dec("712.23")));
}

#[test]
fn joiners_and_leavers_have_their_days() {
    let mut input = payslip(2026, 3, "3000.00");
    input.contract.starts_on = day("2026-03-16");
    let joiner = run(&input);
    assert_eq!(line(&joiner, "salary"), dec("1600.00"));
    assert_eq!(joiner.bases.common.amount, dec("1600.00"));
    input.monthly_salary = dec("1000");
    assert_eq!(bases(&input).0, dec("759.68"));
    input.monthly_salary = dec("12000");
    assert_eq!(bases(&input).0, dec("2720.64"));
    let mut leaver = payslip(2026, 2, "3000.00");
    leaver.contract.ends_on = Some(day("2026-02-14"));
    assert_eq!(line(&run(&leaver), "salary"), dec("1400.00"));
    leaver.contract.ends_on = Some(day("2026-02-28"));
    assert_eq!(line(&run(&leaver), "salary"), dec("3000.00"));
    let mut thirty_of_31 = payslip(2026, 3, "3000.00");
    thirty_of_31.contract.starts_on = day("2026-03-02");
    assert_eq!(line(&run(&thirty_of_31), "salary"), dec("3000.00"));
}

#[test]
fn unpaid_absence_takes_pay_and_keeps_the_floor() {
    let mut input = payslip(2026, 6, "3000.00");
    input.unpaid_absence_days = 3;
    let result = run(&input);
    assert_eq!(line(&result, "salary"), dec("2700.00"));
    // Three days at the minimum of the group, 47.48.
    assert_eq!(result.bases.common.amount, dec("2842.44"));
    for (month, days) in [(2, 28), (4, 30), (1, 31)] {
        let mut all = payslip(2026, month, "3000.00");
        all.unpaid_absence_days = days;
        let result = run(&all);
        assert_eq!(result.gross, Decimal::ZERO);
        assert_eq!(result.bases.common.amount, dec("1424.40"), "month {month}");
        assert_eq!(result.net, -result.employee_contributions);
        assert_eq!(result.notices[0].code, "payroll.net_below_zero");
    }
}

#[test]
fn overtime_is_outside_the_common_base() {
    let mut input = payslip(2026, 6, "2000.00");
    input.overtime = Overtime {
        force_majeure: dec("100"),
        other: dec("200"),
    };
    let result = run(&input);
    assert_eq!(result.bases.common.amount, dec("2000.00"));
    assert_eq!(result.bases.professional.amount, dec("2300.00"));
    for (code, expected) in [
        ("overtime_force_employee", "2.00"),
        ("overtime_force_employer", "12.00"),
        ("overtime_other_employee", "9.40"),
        ("overtime_other_employer", "47.20"),
        ("unemployment_employee", "35.65"),
        ("common_employee", "94.00"),
    ] {
        assert_eq!(line(&result, code), dec(expected), "{code}");
    }
    assert_eq!(result.taxable_pay, dec("2300.00"));
}

#[test]
fn a_contract_under_thirty_days_costs_a_surcharge_when_it_ends() {
    for (year, expected) in [(2025, "32.60"), (2026, "33.62")] {
        let mut input = payslip(year, 6, "2000");
        input.contract = Contract {
            kind: ContractKind::Temporary,
            starts_on: NaiveDate::from_ymd_opt(year, 6, 2).unwrap(),
            ends_on: NaiveDate::from_ymd_opt(year, 6, 30),
        };
        let date = input.period.last_day().unwrap().to_string();
        let find = |input: &PayslipInput| {
            let found = contributions(&pack(&date), input).unwrap();
            found
                .lines
                .into_iter()
                .find(|line| line.code() == "short_contract_employer")
        };
        assert_eq!(find(&input).unwrap().amount(), dec(expected));
        input.contract.starts_on = NaiveDate::from_ymd_opt(year, 6, 1).unwrap();
        assert_eq!(find(&input), None);
    }
}
