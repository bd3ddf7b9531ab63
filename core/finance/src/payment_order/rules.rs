//! Which payments an order makes, and how they settle what is owed, pure.

use std::collections::BTreeMap;

use kernel::ids::{OpenItemId, PartyId};
use rust_decimal::Decimal;

use crate::open_item::{OpenItem, Pair};

/// What an order pays to a supplier.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Due {
    pub party: PartyId,
    pub items: Vec<(OpenItemId, Decimal)>,
}

impl Due {
    /// How much, net of credit notes.
    pub fn amount(&self) -> Decimal {
        self.items.iter().map(|(_, amount)| *amount).sum()
    }
}

/// The payments of an order over some items: one a supplier, credit notes taken off. A supplier to
/// whom nothing is owed on balance gets none.
pub(super) fn dues(items: &[OpenItem]) -> Vec<Due> {
    let mut by_party: BTreeMap<PartyId, Vec<(OpenItemId, Decimal)>> = BTreeMap::new();
    for item in items.iter().filter(|item| !item.remaining.0.is_zero()) {
        let place = by_party.entry(item.party_id).or_default();
        place.push((item.id, item.remaining.0));
    }
    by_party
        .into_iter()
        .map(|(party, items)| Due { party, items })
        .filter(|due| due.amount() > Decimal::ZERO)
        .collect()
}

/// How a payment and the credit notes that were taken off settle the charges: the notes first.
pub(super) fn pairs(payment: OpenItemId, items: &[(OpenItemId, Decimal)]) -> Vec<Pair> {
    let total: Decimal = items.iter().map(|(_, amount)| *amount).sum();
    let (charges, notes): (Vec<_>, Vec<_>) = items
        .iter()
        .copied()
        .partition(|(_, amount)| amount.is_sign_positive());
    let mut credits: Vec<(OpenItemId, Decimal)> = notes
        .into_iter()
        .map(|(id, amount)| (id, -amount))
        .collect();
    credits.push((payment, total));
    let mut pairs = Vec::new();
    let mut credits = credits.into_iter();
    let mut credit = credits.next();
    for (charge, mut owed) in charges {
        while let Some((id, left)) = credit {
            let amount = owed.min(left);
            if amount > Decimal::ZERO {
                pairs.push(Pair {
                    charge,
                    credit: id,
                    amount: Some(amount),
                });
            }
            owed -= amount;
            credit = if left > amount {
                Some((id, left - amount))
            } else {
                credits.next()
            };
            if owed.is_zero() {
                break;
            }
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rust_decimal::dec;

    #[test]
    fn credit_notes_are_taken_off_before_money_is_sent() {
        let [a, b, note, payment] = [(); 4].map(|()| OpenItemId::generate());
        let items = [(a, dec!(100)), (note, dec!(-30)), (b, dec!(50))];
        let told: Vec<_> = pairs(payment, &items)
            .iter()
            .map(|pair| (pair.charge, pair.credit, pair.amount.unwrap()))
            .collect();
        assert_eq!(
            told,
            [
                (a, note, dec!(30)),
                (a, payment, dec!(70)),
                (b, payment, dec!(50))
            ]
        );
    }

    proptest! {
        #[test]
        fn every_cent_owed_is_settled_once(
            charges in prop::collection::vec(1i64..100_000, 1..12),
            notes in prop::collection::vec(1i64..100_000, 0..6),
        ) {
            let payment = OpenItemId::generate();
            let mut items: Vec<(OpenItemId, Decimal)> = charges
                .iter()
                .map(|cents| (OpenItemId::generate(), Decimal::new(*cents, 2)))
                .collect();
            let owed: i64 = charges.iter().sum();
            let off: i64 = notes.iter().sum();
            prop_assume!(off < owed);
            items.extend(
                notes.iter().map(|cents| (OpenItemId::generate(), -Decimal::new(*cents, 2))),
            );
            let made = pairs(payment, &items);
            for (id, amount) in &items {
                let of = |pair: &&Pair| pair.charge == *id || pair.credit == *id;
                let settled: Decimal = made.iter().filter(of).filter_map(|pair| pair.amount).sum();
                prop_assert_eq!(settled, amount.abs());
            }
            let sent: Decimal = made
                .iter()
                .filter(|pair| pair.credit == payment)
                .filter_map(|pair| pair.amount)
                .sum();
            prop_assert_eq!(sent, Decimal::new(owed - off, 2));
        }
    }
}
