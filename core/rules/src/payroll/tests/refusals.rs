//! Bad input: a code, a field and a sentence for each fault, all at once.

use super::*;
use crate::fault::Locale;
use crate::library::Library;

fn refuse(input: &PayslipInput) -> Vec<RuleError> {
    calculate(&pack("2026-06-30"), input).expect_err("refused")
}

#[test]
fn every_fault_of_the_input_comes_at_once() {
    let mut input = payslip(2026, 6, "-1");
    input.contribution_group = 12;
    input.contract.ends_on = Some(day("2019-12-31"));
    input.accident_rate = dec("99");
    input.tax.situation = 4;
    input.tax.descendants = vec![Descendant::born(2030)];
    input.tax.ascendants = vec![Ascendant {
        birth_year: 1950,
        shared_by: 0,
        disability: 0,
        needs_assistance: false,
    }];
    input.overtime.other = dec("-5");
    input.part_time = Some(PartTime {
        ratio: dec("1.5"),
        hours: None,
    });
    let label = crate::fault::Text::new("Plus", "Bonus");
    input.earnings = vec![Earning::fixed("bonus", label, dec("-3"))];
    let errors = refuse(&input);
    let found: Vec<_> = errors
        .iter()
        .map(|error| (error.code(), error.field().unwrap_or_default()))
        .collect();
    for expected in [
        ("payroll.dates_out_of_order", "contract.endsOn"),
        ("payroll.below_zero", "earnings[0].amount"),
        ("payroll.birth_year", "withholding.descendants[0].birthYear"),
        ("payroll.shared_by", "withholding.ascendants[0].sharedBy"),
        ("payroll.unknown_group", "contributionGroup"),
        ("payroll.below_zero", "monthlySalary"),
        ("payroll.below_zero", "overtime.other"),
        ("payroll.accident_rate", "accidentRate"),
        ("payroll.part_time_ratio", "partTime.ratio"),
        ("payroll.below_zero", "withholding.annualPay"),
        ("payroll.unknown_situation", "withholding.situation"),
    ] {
        assert!(found.contains(&expected), "{expected:?} in {found:#?}");
    }
    assert_eq!(found.len(), 11, "{found:#?}");
    for error in &errors {
        assert_ne!(error.message(Locale::Es), error.message(Locale::En));
        assert!(
            !error.message(Locale::Es).contains('{'),
            "{}",
            error.message(Locale::Es)
        );
    }
}

#[test]
fn sentences_name_the_value() {
    let mut input = payslip(2026, 6, "2000");
    input.contribution_group = 12;
    let errors = refuse(&input);
    assert_eq!(codes(&errors), ["payroll.unknown_group"]);
    let spanish = "El grupo de cotización 12 no existe: va del 1 al 11.";
    assert_eq!(errors[0].message(Locale::from_tag("es-ES")), spanish);
    let english = "There is no contribution group 12: they run from 1 to 11.";
    assert_eq!(errors[0].message(Locale::from_tag("en")), english);
}

#[test]
fn a_year_without_rules_is_said_plainly() {
    let missing = library::pack_for("ES", day("2031-01-31")).expect_err("refused");
    let date = day("2031-01-31");
    assert_eq!(
        missing,
        [RuleError::NoPackFor {
            country: "ES".into(),
            date
        }]
    );
    assert_eq!(
        missing[0].message(Locale::Es),
        "No hay reglas de ES para el 2031-01-31."
    );
    assert_eq!(library::pack_for("FR", date).expect_err("refused").len(), 1);
    // A pack is not used outside its span, even when handed over.
    let errors = refuse(&payslip(2027, 1, "2000"));
    assert_eq!(codes(&errors), ["rules.no_pack"]);
    // 2025 holds the contributions, and no tax.
    let errors = calculate(&pack("2025-06-30"), &payslip(2025, 6, "2000")).expect_err("refused");
    assert_eq!(codes(&errors), ["rules.no_procedure"]);
}

#[test]
fn months_days_and_situations_that_cannot_be() {
    assert_eq!(
        codes(&refuse(&payslip(2026, 13, "2000"))),
        ["payroll.unknown_period"]
    );
    let mut later = payslip(2026, 6, "2000");
    later.contract.starts_on = day("2026-07-01");
    assert_eq!(codes(&refuse(&later)), ["payroll.outside_contract"]);
    let mut absent = payslip(2026, 6, "2000");
    absent.unpaid_absence_days = 31;
    assert_eq!(codes(&refuse(&absent)), ["payroll.absence_days"]);
    let mut alone = payslip(2026, 6, "2000");
    alone.tax.situation = 1;
    assert_eq!(
        codes(&refuse(&alone)),
        ["payroll.situation_without_descendants"]
    );
    let mut huge = payslip(2026, 6, "2000");
    huge.monthly_salary = Decimal::MAX;
    assert_eq!(codes(&refuse(&huge)), ["formula.overflow"]);
}

#[test]
fn a_later_pack_can_correct_the_one_built_in() {
    let mut library = Library::built_in().unwrap();
    assert_eq!(library.packs().count(), 2);
    let mut corrected = RulePack::clone(&pack("2026-06-30"));
    corrected.version = "2026.2".to_owned();
    library.add(corrected);
    assert_eq!(
        library.pack_for("ES", day("2026-06-30")).unwrap().version,
        "2026.2"
    );
}
