//! What may happen to an order: pure.

use std::collections::HashMap;

use kernel::ids::PurchaseOrderLineId;
use kernel::money::round;
use kernel::{CurrencyCode, Fault, Faults};
use rust_decimal::Decimal;

use super::{PurchaseOrderLine, PurchaseOrderStatus};
use crate::fault;

/// The sum of lines, each rounded to the currency.
pub fn total<'a>(
    lines: impl IntoIterator<Item = &'a PurchaseOrderLine>,
    currency: CurrencyCode,
) -> Decimal {
    lines
        .into_iter()
        .map(|line| round(line.quantity.0 * line.price.0, currency.places()))
        .sum()
}

/// Takes quantities in against the lines of an order, in the order given; `wanted` are the lines
/// with their quantities in the purchase unit, and where each stands in the input.
pub fn take_in(
    lines: &mut [PurchaseOrderLine],
    wanted: &[(usize, PurchaseOrderLineId, Decimal)],
) -> Faults {
    let mut faults = Faults::new();
    let places: HashMap<PurchaseOrderLineId, usize> = lines
        .iter()
        .enumerate()
        .map(|(at, line)| (line.id, at))
        .collect();
    for (index, id, quantity) in wanted {
        let at = |field: &str| ["lines".to_owned(), index.to_string(), field.to_owned()];
        let line = places.get(id).and_then(|place| lines.get_mut(*place));
        let Some(line) = line else {
            faults.push(Fault::not_found(fault::ORDER_LINE_NOT_FOUND).at(at("line")));
            continue;
        };
        if *quantity <= Decimal::ZERO {
            faults.push(Fault::invalid(fault::QUANTITY_NOT_POSITIVE).at(at("quantity")));
            continue;
        }
        if line.received_quantity.0 + quantity > most(line) {
            faults.push(over(line).at(at("quantity")));
            continue;
        }
        line.received_quantity.0 += quantity;
    }
    faults
}

/// Changes what came for a line because a movement was reversed.
///
/// # Errors
/// What came is never less than nothing, nor more than the line tolerates.
pub fn change(line: &mut PurchaseOrderLine, quantity: Decimal) -> Result<(), Fault> {
    let received = line.received_quantity.0 + quantity;
    if received < Decimal::ZERO {
        let fault = Fault::not_allowed(fault::OVER_RETURN).at(["id"]);
        return Err(fault.with("received", line.received_quantity.0.normalize()));
    }
    if received > most(line) {
        return Err(over(line).at(["id"]));
    }
    line.received_quantity.0 = received;
    Ok(())
}

fn over(line: &PurchaseOrderLine) -> Fault {
    let left = (most(line) - line.received_quantity.0).max(Decimal::ZERO);
    Fault::not_allowed(fault::OVER_RECEIPT)
        .with("ordered", line.quantity.0.normalize())
        .with("received", line.received_quantity.0.normalize())
        .with("most", left.normalize())
}

/// The most that may come in for a line.
pub fn most(line: &PurchaseOrderLine) -> Decimal {
    let more = line.over_receipt_percent.0 / Decimal::ONE_HUNDRED;
    (line.quantity.0 * (Decimal::ONE + more))
        .round_dp_with_strategy(6, rust_decimal::RoundingStrategy::ToZero)
}

/// Where an ordered order stands by what came.
pub fn standing(lines: &[PurchaseOrderLine]) -> PurchaseOrderStatus {
    if lines.iter().all(|line| line.outstanding().is_zero()) {
        return PurchaseOrderStatus::Received;
    }
    if lines
        .iter()
        .any(|line| line.received_quantity.0 > Decimal::ZERO)
    {
        return PurchaseOrderStatus::PartiallyReceived;
    }
    PurchaseOrderStatus::Ordered
}

/// What a unit of the purchase unit costs in the currency of the books.
///
/// # Errors
/// `inventory.rate_needed` when the currencies differ and no rate is given; `inventory.rate` when
/// it is not above zero.
pub fn unit_cost(
    price: Decimal,
    (from, to): (CurrencyCode, CurrencyCode),
    rate: Option<Decimal>,
) -> Result<Decimal, Fault> {
    if from == to {
        return Ok(price);
    }
    let rate = rate.ok_or_else(|| {
        Fault::invalid(fault::RATE_NEEDED)
            .with("from", from)
            .with("to", to)
            .at(["exchangeRate"])
    })?;
    if rate <= Decimal::ZERO {
        return Err(Fault::invalid(fault::RATE).at(["exchangeRate"]));
    }
    Ok((price * rate).round_dp(6))
}

#[cfg(test)]
mod tests {
    use kernel::Dec;
    use kernel::ids::{ItemId, OrganisationId, PurchaseOrderId, UnitId};
    use proptest::prelude::*;
    use rust_decimal::dec;

    use super::*;

    fn line(quantity: Decimal, over: Decimal) -> PurchaseOrderLine {
        PurchaseOrderLine {
            organisation_id: OrganisationId::generate(),
            id: PurchaseOrderLineId::generate(),
            purchase_order_id: PurchaseOrderId::generate(),
            position: 1,
            item_id: ItemId::generate(),
            unit_id: UnitId::generate(),
            factor: Dec(Decimal::ONE),
            divisor: Dec(Decimal::ONE),
            quantity: Dec(quantity),
            price: Dec(dec!(0.335)),
            expected_on: None,
            over_receipt_percent: Dec(over),
            received_quantity: Dec::default(),
            supplier_code: None,
            supplier_term_id: None,
            proposal_id: None,
        }
    }

    fn reasons(faults: Faults) -> Vec<&'static str> {
        match faults.finish() {
            Err(kernel::Error::Refused(faults)) => faults.iter().map(|it| it.reason).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn more_than_ordered_is_refused_beyond_the_tolerance() {
        for (over, comes, refused) in [
            (dec!(0), dec!(10), false),
            (dec!(0), dec!(10.000001), true),
            (dec!(5), dec!(10.5), false),
            (dec!(5), dec!(10.6), true),
        ] {
            let mut lines = [line(dec!(10), over)];
            let wanted = [(0, lines[0].id, comes)];
            let faults = reasons(take_in(&mut lines, &wanted));
            assert_eq!(!faults.is_empty(), refused, "{over} % {comes}");
            let received = if refused { dec!(0) } else { comes };
            assert_eq!(lines[0].received_quantity.0, received);
        }
    }

    #[test]
    fn every_fault_of_a_receipt_is_told_and_a_line_named_twice_adds_up() {
        let mut lines = [line(dec!(10), dec!(0))];
        let id = lines[0].id;
        let wanted = [
            (0, id, dec!(6)),
            (1, PurchaseOrderLineId::generate(), dec!(1)),
            (2, id, dec!(-1)),
            (3, id, dec!(5)),
            (4, id, dec!(4)),
        ];
        let expected = [
            fault::ORDER_LINE_NOT_FOUND,
            fault::QUANTITY_NOT_POSITIVE,
            fault::OVER_RECEIPT,
        ];
        assert_eq!(reasons(take_in(&mut lines, &wanted)), expected);
        assert_eq!(lines[0].received_quantity.0, dec!(10));
        assert_eq!(standing(&lines), PurchaseOrderStatus::Received);
    }

    #[test]
    fn what_is_reversed_leaves_neither_less_than_nothing_nor_more_than_tolerated() {
        let mut line = line(dec!(10), dec!(5));
        line.received_quantity = Dec(dec!(6));
        let refused = |line: &mut PurchaseOrderLine, many| change(line, many).unwrap_err().reason;
        assert_eq!(refused(&mut line, dec!(-6.5)), fault::OVER_RETURN);
        assert_eq!(refused(&mut line, dec!(5)), fault::OVER_RECEIPT);
        assert_eq!(line.received_quantity.0, dec!(6));
        change(&mut line, dec!(4.5)).unwrap();
        change(&mut line, dec!(-10.5)).unwrap();
        assert!(line.received_quantity.0.is_zero());
    }

    #[test]
    fn lines_are_rounded_before_they_are_added() {
        let lines = [line(dec!(1), dec!(0)), line(dec!(1), dec!(0))];
        assert_eq!(total(&lines, CurrencyCode::EUR), dec!(0.68));
    }

    #[test]
    fn another_currency_needs_a_rate() {
        let dollar = serde_json::from_value(serde_json::json!("USD")).unwrap();
        let pair = (dollar, CurrencyCode::EUR);
        assert_eq!(
            unit_cost(dec!(2), pair, Some(dec!(0.9))).unwrap(),
            dec!(1.8)
        );
        assert_eq!(
            unit_cost(dec!(2), pair, None).unwrap_err().reason,
            fault::RATE_NEEDED
        );
        let zero = Some(Decimal::ZERO);
        assert_eq!(
            unit_cost(dec!(2), pair, zero).unwrap_err().reason,
            fault::RATE
        );
        let same = (CurrencyCode::EUR, CurrencyCode::EUR);
        assert_eq!(unit_cost(dec!(2), same, None).unwrap(), dec!(2));
    }

    proptest! {
        #[test]
        fn what_came_never_passes_the_tolerance(
            quantity in 1i64..1_000, over in 0i64..30, comes in prop::collection::vec(1i64..400, 1..12),
        ) {
            let mut lines = [line(Decimal::from(quantity), Decimal::from(over))];
            let id = lines[0].id;
            let most = Decimal::from(quantity) * (dec!(100) + Decimal::from(over)) / dec!(100);
            let mut sum = Decimal::ZERO;
            for quantity in comes.into_iter().map(Decimal::from) {
                let taken = reasons(take_in(&mut lines, &[(0, id, quantity)])).is_empty();
                prop_assert_eq!(taken, sum + quantity <= most);
                sum += if taken { quantity } else { Decimal::ZERO };
                prop_assert_eq!(lines[0].received_quantity.0, sum);
            }
        }
    }
}
