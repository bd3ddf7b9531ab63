//! The entries of invoices: examples a kind, and that they always balance.

use std::collections::BTreeMap;

use kernel::Dec;
use proptest::prelude::*;
use rust_decimal::{Decimal, dec};

use super::super::rules::tests::{content, dollar, line, shelf, stamp};
use super::super::rules::{Drafted, decide};
use super::*;
use crate::invoice::InvoiceKind;

fn posted(drafted: &Drafted, taxes: &[Tax], setting: &FinanceSetting) -> BTreeMap<String, Decimal> {
    let mut sums = BTreeMap::new();
    for line in lines(drafted, taxes, setting, &Clearings::default()) {
        *sums
            .entry(line.account.to_string())
            .or_insert(Decimal::ZERO) += line.amount;
    }
    sums
}

/// What an invoice over some lines posts to each account, debit above zero.
fn entry(kind: InvoiceKind, given: &[(Decimal, &[&str])]) -> Vec<(String, Decimal)> {
    let (shelf, company) = shelf();
    let of = given
        .iter()
        .map(|(net, taxes)| line(Decimal::ONE, *net, taxes));
    let drafted = decide(&content(company, kind, of.collect()), &shelf, &stamp()).unwrap();
    posted(&drafted, &shelf.taxes, &shelf.settings[&company])
        .into_iter()
        .collect()
}

fn accounts(expected: &[(&str, Decimal)]) -> Vec<(String, Decimal)> {
    expected
        .iter()
        .map(|(code, sum)| ((*code).to_owned(), *sum))
        .collect()
}

#[test]
fn a_professionals_invoice_owes_part_to_the_authorities() {
    assert_eq!(
        entry(InvoiceKind::Supplier, &[(dec!(1000), &["IVA21", "IRPF15"])]),
        accounts(&[
            ("4000", dec!(-1060)),
            ("472", dec!(210)),
            ("4751", dec!(-150)),
            ("600", dec!(1000)),
        ])
    );
}

#[test]
fn a_customers_invoice_is_turned_and_its_credit_note_turned_again() {
    let sale = accounts(&[
        ("4300", dec!(1060)),
        ("473", dec!(150)),
        ("477", dec!(-210)),
        ("700", dec!(-1000)),
    ]);
    let given: &[(Decimal, &[&str])] = &[(dec!(1000), &["IVA21", "IRPF15"])];
    assert_eq!(entry(InvoiceKind::Customer, given), sale);
    let turned: Vec<_> = sale.into_iter().map(|(code, sum)| (code, -sum)).collect();
    assert_eq!(entry(InvoiceKind::CustomerCredit, given), turned);
}

#[test]
fn a_reverse_charge_is_input_and_output_tax_at_once() {
    assert_eq!(
        entry(InvoiceKind::Supplier, &[(dec!(1000), &["AIB21"])]),
        accounts(&[
            ("4000", dec!(-1000)),
            ("472", dec!(210)),
            ("477", dec!(-210)),
            ("600", dec!(1000)),
        ])
    );
}

#[test]
fn a_tax_that_is_not_deducted_is_part_of_the_cost() {
    assert_eq!(
        entry(
            InvoiceKind::Supplier,
            &[(dec!(100), &["RE"]), (dec!(50), &["IVA10"])]
        ),
        accounts(&[
            ("4000", dec!(-160.2)),
            ("472", dec!(5)),
            ("600", dec!(155.2))
        ])
    );
}

proptest! {
    #[test]
    fn entries_balance_in_both_currencies(
        given in prop::collection::vec((1i64..10_000_000, 1i64..2_000, 0usize..4), 1..12),
        rate in 1i64..3_000_000,
        kind in 0usize..4,
    ) {
        let (shelf, company) = shelf();
        let taxes: [&[&str]; 4] = [&["IVA21"], &["IVA10", "IRPF15"], &["AIB21"], &["RE"]];
        let of = given.iter().map(|(price, quantity, taxed)| {
            line(Decimal::new(*quantity, 1), Decimal::new(*price, 4), taxes[*taxed])
        });
        let mut content = content(company, InvoiceKind::ALL[kind], of.collect());
        content.currency = Some(dollar());
        content.rate = Some(Dec(Decimal::new(rate, 6)));
        let drafted = decide(&content, &shelf, &stamp()).unwrap();
        let none = Clearings::default();
        let entry = lines(&drafted, &shelf.taxes, &shelf.settings[&company], &none);
        prop_assert_eq!(entry.iter().map(|line| line.amount).sum::<Decimal>(), Decimal::ZERO);
        let own: Decimal = entry.iter().filter_map(|line| line.company_amount).sum();
        prop_assert_eq!(own, Decimal::ZERO);
    }
}
