//! What an invoice comes to: examples, and what holds for any.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use directory::check::Input;
use kernel::ids::{
    CompanyId, FinanceSettingId, InvoiceId, InvoiceLineId, OrganisationId, PartyId, PaymentTermId,
};
use proptest::prelude::*;

use super::*;
use crate::invoice::InvoiceKind;
use crate::open_item::OpenItemSide;
use crate::tax::{TaxApplication, TaxKind, TaxTreatment};
use crate::term::PaymentTermAnchor;

pub(in crate::invoice) fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap()
}

fn tax(company: CompanyId, code: &str, kind: TaxKind, rate: Decimal, to: &str) -> Tax {
    Tax {
        organisation_id: OrganisationId::generate(),
        id: TaxId::generate(),
        company_id: company,
        code: code.to_owned(),
        name_es: code.to_owned(),
        name_en: code.to_owned(),
        kind,
        treatment: TaxTreatment::Taxed,
        applies_to: TaxApplication::Both,
        rate: Dec(rate),
        goes_with: None,
        sales_account: Some(
            if kind == TaxKind::Withholding {
                "473"
            } else {
                "477"
            }
            .to_owned(),
        ),
        purchase_account: (!to.is_empty()).then(|| to.to_owned()),
        source: "Ley".to_owned(),
        valid_from: Date(day(2012, 9, 1)),
        valid_to: None,
        created_at: DateTime::<Utc>::MIN_UTC,
        version: 1,
    }
}

/// A company in euros with the usual taxes; `RE` is one that is not deducted.
pub(in crate::invoice) fn shelf() -> (Shelf, CompanyId) {
    let company = CompanyId::generate();
    let code = str::to_owned;
    let setting = FinanceSetting {
        organisation_id: OrganisationId::generate(),
        id: FinanceSettingId::generate(),
        company_id: company,
        currency: CurrencyCode::EUR,
        payable_account: code("4000"),
        receivable_account: code("4300"),
        purchase_account: code("600"),
        sales_account: code("700"),
        bank_account: code("572"),
        exchange_loss_account: code("668"),
        exchange_gain_account: code("768"),
        created_at: DateTime::<Utc>::MIN_UTC,
        version: 1,
    };
    let mut reverse = tax(company, "AIB21", TaxKind::Vat, dec!(21), "472");
    reverse.treatment = TaxTreatment::ReverseCharge;
    let taxes = vec![
        tax(company, "IVA21", TaxKind::Vat, dec!(21), "472"),
        tax(company, "IVA10", TaxKind::Vat, dec!(10), "472"),
        tax(company, "RE", TaxKind::Surcharge, dec!(5.2), ""),
        tax(company, "IRPF15", TaxKind::Withholding, dec!(15), "4751"),
        reverse,
    ];
    let shelf = Shelf {
        settings: HashMap::from([(company, setting)]),
        taxes,
        ..Shelf::default()
    };
    (shelf, company)
}

pub(in crate::invoice) fn line(quantity: Decimal, price: Decimal, taxes: &[&str]) -> Line {
    Line {
        id: InvoiceLineId::generate(),
        description: "Mercancía".to_owned(),
        item: None,
        order_line: None,
        quantity,
        unit: None,
        unit_price: price,
        discount: Decimal::ZERO,
        taxes: taxes.iter().map(|code| (*code).to_owned()).collect(),
        account: None,
        department: None,
        dimension_values: Vec::new(),
    }
}

pub(in crate::invoice) fn content(
    company: CompanyId,
    kind: InvoiceKind,
    lines: Vec<Line>,
) -> Content {
    let of_supplier = kind.side() == OpenItemSide::Payable;
    Content {
        id: InvoiceId::generate(),
        company,
        kind,
        party: PartyId::generate(),
        series: kind.series().to_owned(),
        supplier_number: of_supplier.then(|| "A-1".to_owned()),
        issued_on: Date(day(2026, 3, 10)),
        operation_on: Date(day(2026, 3, 10)),
        due_on: None,
        payment_term: None,
        currency: None,
        rate: None,
        corrects: None,
        memo: None,
        external_id: None,
        lines,
    }
}

pub(in crate::invoice) fn stamp() -> Stamp {
    Stamp {
        organisation: OrganisationId::generate(),
        at: DateTime::<Utc>::MIN_UTC,
        prepared_by: None,
    }
}

fn reasons(result: Result<Drafted, Vec<Fault>>) -> Vec<(&'static str, String)> {
    let told = |fault: Fault| (fault.reason, fault.field.join("."));
    result.unwrap_err().into_iter().map(told).collect()
}

#[test]
fn a_supplier_is_owed_lines_taxes_and_not_what_is_withheld() {
    let (shelf, company) = shelf();
    let mut discounted = line(dec!(10), dec!(12.5), &["IVA21"]);
    discounted.discount = dec!(20);
    let lines = vec![line(dec!(1), dec!(1000), &["IVA21", "IRPF15"]), discounted];
    let made = decide(
        &content(company, InvoiceKind::Supplier, lines),
        &shelf,
        &stamp(),
    )
    .unwrap();
    let invoice = &made.invoice;
    assert_eq!(
        (
            invoice.net.0,
            invoice.tax.0,
            invoice.withheld.0,
            invoice.total.0
        ),
        (dec!(1100), dec!(231), dec!(150), dec!(1181))
    );
    assert_eq!(
        invoice.due_on.0,
        day(2026, 4, 9),
        "thirty days, Ley 3/2004, art. 4.1"
    );
    assert_eq!(made.lines[1].account_code, "600");
    assert_eq!(made.taxes.len(), 2);
}

#[test]
fn everything_wrong_is_told_at_once_and_at_its_place() {
    let (shelf, company) = shelf();
    let mut unknown = line(dec!(1), dec!(1), &["IVA99"]);
    unknown.account = Some("999".to_owned());
    let mut wrong = content(company, InvoiceKind::Supplier, vec![unknown]);
    wrong.currency = Some(dollar());
    wrong.payment_term = Some(PaymentTermId::generate());
    assert_eq!(
        reasons(decide(&wrong, &shelf, &stamp())),
        [
            (fault::TAX_NOT_IN_FORCE, "lines.0.taxes.0".to_owned()),
            (fault::ACCOUNT_UNKNOWN, "lines.0.account".to_owned()),
            (fault::TERM_NOT_FOUND, "paymentTerm".to_owned()),
            (fault::RATE_NEEDED, "rate".to_owned()),
        ]
    );
    let less = vec![line(dec!(-1), dec!(1), &["IVA21"])];
    let negative = decide(
        &content(company, InvoiceKind::Supplier, less),
        &shelf,
        &stamp(),
    );
    assert_eq!(
        reasons(negative),
        [(fault::TOTAL_NEGATIVE, "lines".to_owned())]
    );
    let elsewhere = content(CompanyId::generate(), InvoiceKind::Supplier, Vec::new());
    assert_eq!(
        reasons(decide(&elsewhere, &shelf, &stamp()))[0].0,
        fault::NOT_SET_UP
    );
}

#[test]
fn a_customer_has_no_suppliers_number_and_a_supplier_has() {
    let (_, company) = shelf();
    let lines = vec![line(dec!(1), dec!(1), &["IVA21"])];
    for (kind, number, reason) in [
        (
            InvoiceKind::Customer,
            Some("X".to_owned()),
            Some(fault::SUPPLIER_NUMBER_UNWANTED),
        ),
        (
            InvoiceKind::SupplierCredit,
            None,
            Some(fault::SUPPLIER_NUMBER_NEEDED),
        ),
        (InvoiceKind::Customer, None, None),
        (InvoiceKind::Supplier, Some("X".to_owned()), None),
    ] {
        let mut given = content(company, kind, lines.clone());
        given.supplier_number = number;
        let mut input = Input::new();
        given.check(&mut input);
        match (input.finish(), reason) {
            (Ok(()), None) => {}
            (Err(kernel::Error::Refused(faults)), Some(reason)) => {
                assert_eq!(faults[0].reason, reason);
            }
            other => panic!("{kind}: {other:?}"),
        }
    }
}

#[test]
fn a_foreign_invoice_is_worth_its_rate_in_the_books() {
    let (shelf, company) = shelf();
    let lines = vec![line(dec!(3), dec!(33.33), &["IVA21"])];
    let mut foreign = content(company, InvoiceKind::Customer, lines);
    foreign.currency = Some(dollar());
    foreign.rate = Some(Dec(dec!(0.92)));
    let made = decide(&foreign, &shelf, &stamp()).unwrap();
    assert_eq!(made.invoice.total.0, dec!(120.99));
    assert_eq!(made.invoice.company_total.0, dec!(111.31));
}

pub(in crate::invoice) fn dollar() -> CurrencyCode {
    serde_json::from_str("\"USD\"").unwrap()
}

#[test]
fn instalments_add_up_in_both_currencies() {
    let (shelf, company) = shelf();
    let lines = vec![line(dec!(1), dec!(100), &["IVA21"])];
    let mut foreign = content(company, InvoiceKind::Customer, lines);
    foreign.currency = Some(dollar());
    foreign.rate = Some(Dec(dec!(0.917)));
    let made = decide(&foreign, &shelf, &stamp()).unwrap();
    let term = PaymentTerm {
        organisation_id: OrganisationId::generate(),
        id: PaymentTermId::generate(),
        code: String::new(),
        name_es: String::new(),
        name_en: String::new(),
        anchor: PaymentTermAnchor::Days,
        days: vec![30, 60, 90],
        shares: vec![Dec(Decimal::ONE); 3],
        pay_days: Vec::new(),
        archived_at: None,
        created_at: DateTime::<Utc>::MIN_UTC,
        version: 1,
    };
    let dues = instalments(&made.invoice, Some(&term), CurrencyCode::EUR).unwrap();
    let sums = dues.iter().fold((dec!(0), dec!(0)), |sum, (_, part, own)| {
        (sum.0 + part, sum.1 + own)
    });
    assert_eq!(dues.len(), 3);
    assert_eq!(sums, (made.invoice.total.0, made.invoice.company_total.0));
}

proptest! {
    #[test]
    fn totals_are_the_sums_of_the_parts(
        lines in prop::collection::vec((1i64..1_000_000, 1i64..100_000_000, 0i64..10_000, 0usize..3),
            1..15),
    ) {
        let (shelf, company) = shelf();
        let taxes: [&[&str]; 3] = [&["IVA21"], &["IVA10", "IRPF15"], &["AIB21"]];
        let lines = lines
            .iter()
            .map(|(quantity, price, off, kind)| {
                let mut one =
                    line(Decimal::new(*quantity, 3), Decimal::new(*price, 4), taxes[*kind]);
                one.discount = Decimal::new(*off, 2);
                one
            })
            .collect();
        let given = content(company, InvoiceKind::Supplier, lines);
        let made = decide(&given, &shelf, &stamp()).unwrap();
        let invoice = &made.invoice;
        let net: Decimal = made.lines.iter().map(|line| line.net.0).sum();
        prop_assert_eq!(invoice.net.0, net);
        prop_assert_eq!(invoice.total.0, net + invoice.tax.0 - invoice.withheld.0);
        for tax in &made.taxes {
            let bearing = made.lines.iter().filter(|line| line.tax_ids.contains(&tax.tax_id));
            prop_assert_eq!(tax.base.0, bearing.map(|line| line.net.0).sum::<Decimal>());
        }
    }
}
