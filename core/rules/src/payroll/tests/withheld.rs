//! The rate of withholding.

use super::*;

fn withheld(tax: &TaxSituation, date: &str) -> Withholding {
    let kind = ContractKind::Indefinite;
    withholding(&pack(date), day(date), kind, tax, &YearToDate::default())
        .unwrap_or_else(|errors| panic!("{errors:#?}"))
}

fn rate(change: impl FnOnce(&mut TaxSituation)) -> Decimal {
    let mut tax = TaxSituation::single(dec("30000"), 1985);
    change(&mut tax);
    withheld(&tax, "2026-06-30").rate
}

fn minimum(change: impl FnOnce(&mut TaxSituation)) -> Decimal {
    let mut tax = TaxSituation::single(dec("30000"), 1985);
    change(&mut tax);
    withheld(&tax, "2026-06-30").minimum
}

#[test]
fn results_of_the_official_simulator() {
    for (pay, child, security, base, minimum, rate, amount) in [
        (
            "18000", None, "1170.00", "10989.50", "5550", "5.07", "912.60",
        ),
        (
            "20000", None, "1300.00", "15505.85", "5550", "8.86", "1772.00",
        ),
        (
            "25000",
            Some(2015),
            "1625.00",
            "21375.00",
            "7950",
            "12.27",
            "3067.50",
        ),
        (
            "30000", None, "1950.00", "26050.00", "5550", "16.42", "4926.00",
        ),
        (
            "35000", None, "2275.00", "30725.00", "5550", "18.08", "6328.00",
        ),
        (
            "35200", None, "2288.00", "30912.00", "5550", "18.13", "6381.76",
        ),
        (
            "40000", None, "2600.00", "35400.00", "5550", "19.36", "7744.00",
        ),
        (
            "60000", None, "3900.00", "54100.00", "5550", "24.44", "14664.00",
        ),
        (
            "100000", None, "3978.94", "94021.06", "5550", "32.15", "32150.00",
        ),
    ] {
        let mut tax = TaxSituation::single(dec(pay), 1985);
        tax.annual_social_security = Some(dec(security));
        if let Some(born) = child {
            tax.situation = 1;
            tax.descendants = vec![Descendant::born(born)];
        }
        let found = withheld(&tax, "2026-06-30");
        assert_eq!(found.base, dec(base), "{pay}");
        assert_eq!(found.minimum, dec(minimum), "{pay}");
        assert_eq!(found.rate, dec(rate), "{pay}");
        assert_eq!(found.annual_amount, dec(amount), "{pay}");
        // The estimate gives the same contributions, but for solidarity above the ceiling.
        tax.annual_social_security = None;
        if dec(pay) < dec("61214.40") {
            assert_eq!(withheld(&tax, "2026-06-30").base, dec(base), "{pay}");
        }
    }
}

#[test]
fn the_minimum_wage_is_withheld_three_per_cent() {
    let found = withheld(&TaxSituation::single(dec("17094"), 1985), "2026-06-30");
    assert_eq!(found.full_quota, dec("590.89"));
    assert_eq!(found.rate, dec("3.06"));
}

#[test]
fn the_scale_gathers_as_published() {
    let pack = pack("2026-06-30");
    let scale = pack.table("income_tax").unwrap();
    for (base, expected) in [
        ("0", "0"),
        ("12450", "2365.50"),
        ("20200", "4225.50"),
        ("24000", "5365.50"),
        ("35200", "8725.50"),
        ("60000", "17901.50"),
        ("300000", "125901.50"),
        ("300100", "125948.50"),
    ] {
        let shares = scale.shares(dec(base), Decimal::ONE, "rate").unwrap();
        let sum: Decimal = shares.iter().map(|share| share.amount).sum();
        assert_eq!(sum, dec(expected), "{base}");
    }
}

#[test]
fn nothing_is_withheld_up_to_the_exempt_pay() {
    let child = || Descendant::born(2012);
    for (situation, children, limit) in [
        (1, 1, "17644"),
        (1, 2, "18694"),
        (2, 0, "17197"),
        (2, 1, "18130"),
        (2, 2, "19262"),
        (3, 0, "15876"),
        (3, 1, "16342"),
        (3, 2, "16867"),
        (3, 5, "16867"),
    ] {
        let of = |pay: Decimal| {
            let mut tax = TaxSituation::single(pay, 1985);
            tax.situation = situation;
            tax.descendants = (0..children).map(|_| child()).collect();
            withheld(&tax, "2026-06-30")
        };
        assert_eq!(of(dec(limit)).rate, Decimal::ZERO, "{situation} {children}");
        let table = of(dec(limit))
            .trace
            .into_iter()
            .find(|value| value.code == "exempt_pay");
        assert_eq!(table.unwrap().amount, dec(limit));
    }
}

#[test]
fn family_and_personal_minimum() {
    let children = |years: &'static [i32]| {
        move |tax: &mut TaxSituation| {
            tax.descendants = years.iter().map(|year| Descendant::born(*year)).collect();
        }
    };
    assert_eq!(minimum(|_| {}), dec("5550"));
    assert_eq!(minimum(|tax| tax.birth_year = 1961), dec("6700"));
    assert_eq!(minimum(|tax| tax.birth_year = 1951), dec("8100"));
    assert_eq!(minimum(children(&[2015])), dec("7950"));
    assert_eq!(minimum(children(&[2015, 2012])), dec("10650"));
    assert_eq!(minimum(children(&[2015, 2012, 2010])), dec("14650"));
    assert_eq!(minimum(children(&[2015, 2012, 2010, 2008])), dec("19150"));
    assert_eq!(minimum(children(&[2024])), dec("10750"));
    assert_eq!(minimum(children(&[2023])), dec("7950"));
    // Of age, and not counted; the second is then the first.
    assert_eq!(minimum(children(&[2001, 2015])), dec("7950"));
    let shared = |tax: &mut TaxSituation| {
        tax.descendants = vec![Descendant {
            shared: true,
            ..Descendant::born(2024)
        }];
    };
    assert_eq!(minimum(shared), dec("8150"));
    let parent = |birth_year, shared_by| {
        move |tax: &mut TaxSituation| {
            let needs_assistance = false;
            tax.ascendants = vec![Ascendant {
                birth_year,
                shared_by,
                disability: 0,
                needs_assistance,
            }];
        }
    };
    assert_eq!(minimum(parent(1958, 1)), dec("6700"));
    assert_eq!(minimum(parent(1950, 1)), dec("8100"));
    assert_eq!(minimum(parent(1950, 2)), dec("6825"));
    assert_eq!(minimum(|tax| tax.disability = 33), dec("8550"));
    let helped = |tax: &mut TaxSituation| (tax.disability, tax.needs_assistance) = (33, true);
    assert_eq!(minimum(helped), dec("11550"));
    assert_eq!(minimum(|tax| tax.disability = 65), dec("17550"));
}

#[test]
fn expenses_and_reductions() {
    let base = |change: &dyn Fn(&mut TaxSituation)| {
        let mut tax = TaxSituation::single(dec("30000"), 1985);
        change(&mut tax);
        withheld(&tax, "2026-06-30").base
    };
    assert_eq!(base(&|_| {}), dec("26050.00"));
    assert_eq!(base(&|tax| tax.mobility = true), dec("24050.00"));
    assert_eq!(base(&|tax| tax.disability = 40), dec("22550.00"));
    assert_eq!(base(&|tax| tax.disability = 65), dec("18300.00"));
    assert_eq!(base(&|tax| tax.pensioner = true), dec("25450.00"));
    assert_eq!(base(&|tax| tax.unemployed = true), dec("24850.00"));
    let three = |tax: &mut TaxSituation| {
        tax.descendants = vec![Descendant::born(2015); 3];
    };
    assert_eq!(base(&three), dec("25450.00"));
}

#[test]
fn lowest_special_and_voluntary_rates() {
    assert_eq!(rate(|_| {}), dec("16.42"));
    assert_eq!(rate(|tax| tax.voluntary_rate = Some(dec("20"))), dec("20"));
    assert_eq!(
        rate(|tax| tax.voluntary_rate = Some(dec("10"))),
        dec("16.42")
    );
    let low = |change: &dyn Fn(&mut TaxSituation)| {
        rate(|tax| {
            tax.annual_pay = dec("12000");
            change(tax);
        })
    };
    assert_eq!(low(&|_| {}), Decimal::ZERO);
    assert_eq!(low(&|tax| tax.contract_under_a_year = true), dec("2"));
    assert_eq!(low(&|tax| tax.special_employment = true), dec("15"));
    let ceuta = |tax: &mut TaxSituation| tax.region = Region::CeutaMelilla;
    assert_eq!(
        low(&|tax| (ceuta(tax), tax.contract_under_a_year = true).1),
        dec("0.80")
    );
    assert_eq!(
        low(&|tax| (ceuta(tax), tax.special_employment = true).1),
        dec("6")
    );
    // 4,927 x 0.40 over 30,000: 6.5693, truncated.
    assert_eq!(rate(ceuta), dec("6.56"));
    assert_eq!(rate(|tax| tax.annual_pay = dec("5000000")), dec("46.50"));
}

#[test]
fn la_palma_is_reduced_since_its_date() {
    let mut tax = TaxSituation::single(dec("30000"), 1985);
    tax.region = Region::LaPalma;
    assert_eq!(withheld(&tax, "2026-08-31").rate, dec("16.42"));
    assert_eq!(withheld(&tax, "2026-09-09").rate, dec("16.42"));
    assert_eq!(withheld(&tax, "2026-09-10").rate, dec("6.56"));
    assert_eq!(withheld(&tax, "2026-12-31").rate, dec("6.56"));
}

#[test]
fn home_loan_lowers_the_quota() {
    // 4,927.50 - 600 over 30,000.
    let paying = |pay: &'static str| {
        move |tax: &mut TaxSituation| {
            (tax.annual_pay, tax.home_loan) = (dec(pay), true);
        }
    };
    let before = rate(|_| {});
    assert!(rate(paying("30000")) < before);
    assert_eq!(before - rate(paying("30000")), dec("2.00"));
    assert_eq!(
        rate(paying("33007.20")),
        rate(|tax| tax.annual_pay = dec("33007.20"))
    );
}

#[test]
fn no_pay_is_no_tax_and_the_highest_rate_holds() {
    assert_eq!(rate(|tax| tax.annual_pay = Decimal::ZERO), Decimal::ZERO);
    assert!(rate(|tax| tax.annual_pay = dec("900000000")) <= dec("47"));
}

#[test]
fn regularising_takes_the_rest_over_what_is_left() {
    let tax = TaxSituation::single(dec("30000"), 1985);
    let so_far = YearToDate {
        taxable_paid: dec("15000"),
        tax_withheld: dec("1000"),
        regularise: true,
    };
    let kind = ContractKind::Indefinite;
    let date = day("2026-07-31");
    let found = withholding(&pack("2026-07-31"), date, kind, &tax, &so_far).unwrap();
    // (4,926.00 - 1,000) / 15,000.
    assert_eq!(found.rate, dec("26.17"));
    // Who has been paid all that is foreseen has nothing left to regularise over.
    let beyond = YearToDate {
        taxable_paid: dec("30000"),
        ..so_far
    };
    let found = withholding(&pack("2026-07-31"), date, kind, &tax, &beyond).unwrap();
    assert_eq!(found.rate, dec("16.42"));
}
