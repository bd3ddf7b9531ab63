//! What bills of ordered goods clear: examples, and what holds for any history.

use proptest::prelude::*;
use rust_decimal::dec;

use super::*;

/// A line of an order at 10 each, of which so much came for so much.
fn ordered(received: Decimal, value: Decimal) -> Ordered {
    Ordered {
        id: PurchaseOrderLineId::generate(),
        company: CompanyId::generate(),
        supplier: PartyId::generate(),
        currency: CurrencyCode::EUR,
        price: Dec(dec!(10)),
        received: Dec(received),
        received_value: Dec(value),
        billed: Dec::default(),
        cleared: Dec::default(),
        received_account: "4009".to_owned(),
        variance_account: "610".to_owned(),
    }
}

fn bill(ordered: &mut Ordered, quantity: Decimal) -> Decimal {
    let value = round(ordered.clears(quantity, Some(dec!(10))).unwrap(), 2);
    ordered.billed.0 += quantity;
    ordered.cleared.0 += value;
    value
}

#[test]
fn what_came_is_cleared_at_what_it_came_at() {
    let mut line = ordered(dec!(3), dec!(29.99));
    assert_eq!(bill(&mut line, dec!(1)), dec!(10.00));
    assert_eq!(bill(&mut line, dec!(2)), dec!(19.99));
    assert_eq!(
        bill(&mut line, dec!(1)),
        dec!(10),
        "what has not come: the order's"
    );
}

#[test]
fn a_credit_note_takes_back_what_was_cleared() {
    let mut line = ordered(dec!(3), dec!(29.99));
    bill(&mut line, dec!(3));
    assert_eq!(bill(&mut line, dec!(-3)), dec!(-29.99));
    assert_eq!(
        bill(&mut line, dec!(-1)),
        dec!(-10),
        "before any bill: the order's"
    );
}

#[test]
fn a_bill_of_more_than_came_takes_the_rest_at_the_price_of_the_order() {
    let mut line = ordered(dec!(2), dec!(21));
    assert_eq!(bill(&mut line, dec!(5)), dec!(51));
    let none = ordered(dec!(0), dec!(0));
    assert_eq!(none.clears(dec!(5), None), None);
}

#[test]
fn a_unit_of_the_bill_becomes_that_of_the_order_or_does_not_fit() {
    let line = ordered(dec!(0), dec!(0));
    let id = line.id;
    let matching = Matching {
        lines: HashMap::from([(id, line)]),
        units: HashMap::from([((id, "UN".to_owned()), (dec!(1), dec!(12)))]),
    };
    assert_eq!(
        matching.in_order_unit(id, dec!(24), Some(" un ")),
        Some(dec!(2))
    );
    assert_eq!(matching.in_order_unit(id, dec!(24), None), Some(dec!(24)));
    assert_eq!(matching.in_order_unit(id, dec!(24), Some("KG")), None);
}

proptest! {
    #[test]
    fn once_all_that_came_is_billed_all_of_it_is_cleared(
        parts in prop::collection::vec(1i64..50, 1..8),
        cents in 1i64..100_000,
        voided in prop::collection::vec(any::<bool>(), 8),
    ) {
        let received: Decimal = parts.iter().copied().map(Decimal::from).sum();
        let value = Decimal::new(cents, 2);
        let mut line = ordered(received, value);
        for (part, voided) in parts.into_iter().map(Decimal::from).zip(voided) {
            if voided {
                bill(&mut line, part);
                bill(&mut line, -part);
            }
            bill(&mut line, part);
        }
        prop_assert_eq!(line.cleared.0, value);
    }
}
