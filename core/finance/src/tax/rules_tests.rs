//! The rules of taxes: a worked example a rule of law, and what holds for any document.

use chrono::{DateTime, NaiveDate, Utc};
use kernel::ids::{CompanyId, OrganisationId};
use kernel::{Date, Dec};
use proptest::prelude::*;

use super::super::statute::SPAIN;
use super::*;

/// The taxes of Spain as a company has them.
fn spain() -> Vec<Tax> {
    let (organisation_id, company_id) = (OrganisationId::generate(), CompanyId::generate());
    SPAIN
        .iter()
        .map(|one| {
            let (year, month, day) = one.valid_from;
            Tax {
                organisation_id,
                id: TaxId::generate(),
                company_id,
                code: one.code.to_owned(),
                name_es: one.name_es.to_owned(),
                name_en: one.name_en.to_owned(),
                kind: one.kind,
                treatment: one.treatment,
                applies_to: one.applies_to,
                rate: Dec(one.rate),
                goes_with: one.goes_with.map(str::to_owned),
                sales_account: None,
                purchase_account: None,
                source: one.source.to_owned(),
                valid_from: Date(NaiveDate::from_ymd_opt(year, month, day).unwrap()),
                valid_to: None,
                created_at: DateTime::<Utc>::MIN_UTC,
                version: 1,
            }
        })
        .collect()
}

fn id(taxes: &[Tax], code: &str) -> TaxId {
    taxes.iter().find(|tax| tax.code == code).unwrap().id
}

/// Net, taxes, and what they come to: (tax added, withheld, total).
fn document(side: OpenItemSide, lines: &[(Decimal, &[&str])]) -> (Decimal, Decimal, Decimal) {
    let taxes = spain();
    let ids: Vec<(Decimal, Vec<TaxId>)> = lines
        .iter()
        .map(|(net, codes)| (*net, codes.iter().map(|code| id(&taxes, code)).collect()))
        .collect();
    let bearing: Vec<(Decimal, &[TaxId])> = ids
        .iter()
        .map(|(net, ids)| (*net, ids.as_slice()))
        .collect();
    let charged = charge(side, &taxes, &bearing, 2);
    let nets: Vec<Decimal> = lines.iter().map(|(net, _)| *net).collect();
    let sums = totals(&taxes, &nets, &charged);
    (sums.tax, sums.withheld, sums.total())
}

const SALE: OpenItemSide = OpenItemSide::Receivable;
const PURCHASE: OpenItemSide = OpenItemSide::Payable;

#[test]
fn the_rates_of_articles_90_and_91() {
    for (code, tax) in [("IVA21", dec!(21)), ("IVA10", dec!(10)), ("IVA4", dec!(4))] {
        let expected = (tax, dec!(0), dec!(100) + tax);
        assert_eq!(document(SALE, &[(dec!(100), &[code])]), expected, "{code}");
    }
}

#[test]
fn what_is_exempt_or_not_subject_has_a_base_and_no_tax() {
    for code in ["EXENTO", "EXPORTACION", "ENTREGA-UE", "NO-SUJETO", "IVA0"] {
        let expected = (dec!(0), dec!(0), dec!(100));
        assert_eq!(document(SALE, &[(dec!(100), &[code])]), expected, "{code}");
    }
}

#[test]
fn the_surcharge_of_article_161_comes_on_top() {
    let lines: &[(Decimal, &[&str])] = &[
        (dec!(1000), &["IVA21", "RE52"]),
        (dec!(200), &["IVA10", "RE14"]),
        (dec!(50), &["IVA4", "RE05"]),
    ];
    // 210 + 52 + 20 + 2.80 + 2 + 0.25
    assert_eq!(
        document(SALE, lines),
        (dec!(287.05), dec!(0), dec!(1537.05))
    );
}

#[test]
fn a_professional_is_paid_less_what_article_95_withholds() {
    let lines: &[(Decimal, &[&str])] = &[(dec!(1000), &["IVA21", "IRPF15"])];
    assert_eq!(
        document(PURCHASE, lines),
        (dec!(210), dec!(150), dec!(1060))
    );
    let rent: &[(Decimal, &[&str])] = &[(dec!(800), &["IVA21", "IRPF19"])];
    assert_eq!(document(PURCHASE, rent), (dec!(168), dec!(152), dec!(816)));
}

#[test]
fn a_reverse_charge_of_article_84_adds_nothing_to_what_is_paid() {
    let lines: &[(Decimal, &[&str])] = &[(dec!(1000), &["AIB21"])];
    assert_eq!(document(PURCHASE, lines), (dec!(0), dec!(0), dec!(1000)));
    let taxes = spain();
    let isp = [id(&taxes, "ISP21")];
    let bought = charge(PURCHASE, &taxes, &[(dec!(1000), &isp)], 2);
    assert_eq!(bought[0].amount, dec!(210), "who buys owes and deducts it");
    let sold = charge(SALE, &taxes, &[(dec!(1000), &isp)], 2);
    assert_eq!((sold[0].base, sold[0].amount), (dec!(1000), dec!(0)));
}

#[test]
fn a_tax_is_rounded_once_a_document_and_states_what_that_added() {
    // Three lines of 0.33 at 21 %: 0.0693 each, 0.21 together, 0.2079 exactly.
    let taxes = spain();
    let iva = [id(&taxes, "IVA21")];
    let lines = [(dec!(0.33), iva.as_slice()); 3];
    let charged = charge(SALE, &taxes, &lines, 2);
    assert_eq!(
        (charged[0].base, charged[0].amount, charged[0].rounding),
        (dec!(0.99), dec!(0.21), dec!(0.0021))
    );
    // Half a cent goes away from zero, also below it.
    let half = |base| charge(SALE, &taxes, &[(base, &[id(&taxes, "IVA10")])], 2)[0].amount;
    assert_eq!(
        (half(dec!(0.05)), half(dec!(-0.05))),
        (dec!(0.01), dec!(-0.01))
    );
}

#[test]
fn nets_are_settled_so_that_they_add_up_to_the_document() {
    let thirds = [dec!(0.333); 3];
    assert_eq!(settle(&thirds, 2), [dec!(0.34), dec!(0.33), dec!(0.33)]);
    let mixed = [dec!(10.005), dec!(-3.005)];
    assert_eq!(settle(&mixed, 2).iter().sum::<Decimal>(), dec!(7));
}

#[test]
fn a_line_bears_taxes_that_fit() {
    let taxes = spain();
    let faults = |side, codes: &[&str]| -> Vec<&str> {
        let of = codes
            .iter()
            .map(|code| taxes.iter().find(|tax| tax.code == *code).unwrap());
        let of: Vec<&Tax> = of.collect();
        line_faults(side, &of)
            .into_iter()
            .map(|fault| fault.reason)
            .collect()
    };
    assert!(faults(SALE, &["IVA21", "RE52", "IRPF15"]).is_empty());
    assert_eq!(faults(SALE, &["IVA21", "IVA10"]), [fault::TAX_TWICE]);
    assert_eq!(faults(SALE, &["IVA10", "RE52"]), [fault::SURCHARGE_ALONE]);
    assert_eq!(faults(PURCHASE, &["EXPORTACION"]), [fault::TAX_SIDE]);
    assert_eq!(faults(SALE, &["AIB21"]), [fault::TAX_SIDE]);
    let bought = faults(PURCHASE, &["IVA21", "RE52"]);
    assert_eq!(bought, [fault::TAX_SIDE], "who pays it deducts nothing");
}

#[test]
fn what_article_95_withholds_from_the_land() {
    for (code, rate, place) in [
        ("IRPF1-ENGORDE", dec!(1), "art. 95.4.1.º"),
        ("IRPF2", dec!(2), "art. 95.4.2.º"),
        ("IRPF2-FORESTAL", dec!(2), "art. 95.5"),
    ] {
        let tax = spain().into_iter().find(|tax| tax.code == code).unwrap();
        assert_eq!(tax.rate.0, rate, "{code}");
        assert!(tax.source.ends_with(place), "{code}: {}", tax.source);
        let law = if code == "IRPF2-FORESTAL" {
            "101.5.c"
        } else {
            "101.5.b"
        };
        assert!(tax.source.contains(law), "{code}: {}", tax.source);
    }
}

#[test]
fn the_day_of_the_operation_decides_the_version() {
    use crate::tax::in_force;
    let mut taxes = spain();
    let company = taxes[0].company_id;
    let day = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap();
    let first = taxes
        .iter()
        .find(|tax| tax.code == "IVA21")
        .unwrap()
        .clone();
    taxes.push(Tax {
        id: TaxId::generate(),
        rate: Dec(dec!(18)),
        valid_from: Date(day(2010, 7, 1)),
        valid_to: Some(Date(day(2012, 8, 31))),
        ..first.clone()
    });
    let on = |day| in_force(&taxes, company, "IVA21", day).map(|tax| tax.rate.0);
    assert_eq!(on(day(2012, 8, 31)), Some(dec!(18)));
    assert_eq!(on(day(2012, 9, 1)), Some(dec!(21)));
    assert_eq!(on(day(2010, 6, 30)), None);
    assert!(in_force(&taxes, CompanyId::generate(), "IVA21", day(2026, 1, 1)).is_none());
}

proptest! {
    #[test]
    fn settled_nets_lose_nothing_and_move_less_than_a_cent(
        parts in prop::collection::vec(-1_000_000_000i64..1_000_000_000, 1..40),
    ) {
        let exact: Vec<Decimal> = parts.iter().map(|part| Decimal::new(*part, 6)).collect();
        let nets = settle(&exact, 2);
        prop_assert_eq!(nets.iter().sum::<Decimal>(), round(exact.iter().sum(), 2));
        for (net, exact) in nets.iter().zip(&exact) {
            prop_assert!((net - exact).abs() < dec!(0.01), "{} of {}", net, exact);
            prop_assert_eq!(round(*net, 2), *net);
        }
    }

    #[test]
    fn a_document_is_its_lines_and_its_taxes(
        lines in prop::collection::vec((-500_000i64..1_000_000, 0usize..4), 1..20),
    ) {
        let taxes = spain();
        let kinds: [&[&str]; 4] = [&["IVA21"], &["IVA10", "RE14"], &["IVA4", "IRPF15"], &["AIB21"]];
        let ids: Vec<(Decimal, Vec<TaxId>)> = lines
            .iter()
            .map(|(cents, kind)| {
                let codes = kinds[*kind].iter().map(|code| id(&taxes, code));
                (Decimal::new(*cents, 2), codes.collect())
            })
            .collect();
        let bearing: Vec<_> = ids.iter().map(|(net, ids)| (*net, ids.as_slice())).collect();
        let charged = charge(PURCHASE, &taxes, &bearing, 2);
        let nets: Vec<Decimal> = ids.iter().map(|(net, _)| *net).collect();
        let sums = totals(&taxes, &nets, &charged);
        prop_assert_eq!(sums.net, nets.iter().sum::<Decimal>());
        for one in &charged {
            let exact = one.base * one.rate / dec!(100);
            prop_assert_eq!(one.amount, exact + one.rounding);
            prop_assert!(one.rounding.abs() <= dec!(0.005));
        }
    }
}
