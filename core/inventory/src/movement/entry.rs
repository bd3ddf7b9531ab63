//! A movement in the books: stock against what stands for its other side, what is left over as
//! variation.

use std::collections::BTreeMap;

use kernel::ids::{EntryId, MovementId};
use ledger::entry::{PostEntry, PostLine, SourceKey};
use rust_decimal::Decimal;

use super::books::{House, Named};
use super::{MovementKind, MovementLine, PostMovement};
use crate::account::StockAccountPurpose as Purpose;

/// The entry of a movement; none when it changes no value.
pub(super) fn of(
    named: &Named,
    house: &House,
    post: &PostMovement,
    id: MovementId,
    lines: &[MovementLine],
) -> Option<PostEntry> {
    let mut amounts: BTreeMap<String, Decimal> = BTreeMap::new();
    for line in lines {
        let category = named
            .items
            .get(&line.item_id)
            .and_then(|item| named.category(item));
        for (purpose, amount) in sides(post.kind, line) {
            let code = house.accounts.code(purpose, category).to_owned();
            *amounts.entry(code).or_default() += amount;
        }
    }
    let lines: Vec<PostLine> = amounts
        .into_iter()
        .filter(|(_, amount)| !amount.is_zero())
        .map(|(code, amount)| PostLine::signed(code, amount, house.currency))
        .collect();
    if lines.is_empty() {
        return None;
    }
    Some(PostEntry {
        id: Some(EntryId::generate()),
        company: post.company,
        journal: ledger::journal::STOCK.into(),
        date: post.date,
        memo: memo(post),
        source: SourceKey::new("inventory.movement", id, "stock"),
        reverses: None,
        lines,
    })
}

fn memo(post: &PostMovement) -> String {
    let what = post.kind.memo();
    match &post.reference {
        Some(reference) => format!("{what} {reference}"),
        None => what.to_owned(),
    }
}

/// The sides of a line, which add up to nothing: debit above zero, credit below.
fn sides(kind: MovementKind, line: &MovementLine) -> [(Purpose, Decimal); 3] {
    let stock = line.value_in.0 - line.value_out.0;
    let leaves = line.from_location_id.is_some();
    let signed = if leaves {
        line.amount.0
    } else {
        -line.amount.0
    };
    let (purpose, other) = match kind {
        MovementKind::Receive => (Purpose::ReceivedNotInvoiced, signed),
        MovementKind::Issue => (Purpose::CostOfSales, signed),
        MovementKind::Adjust => (Purpose::Adjustment, signed),
        MovementKind::Return if leaves => (Purpose::ReceivedNotInvoiced, signed),
        MovementKind::Return => (Purpose::CostOfSales, signed),
        MovementKind::Transfer => (Purpose::CostOfSales, Decimal::ZERO),
    };
    [
        (Purpose::Stock, stock),
        (purpose, other),
        (Purpose::CostOfSales, -(stock + other)),
    ]
}

#[cfg(test)]
mod tests {
    use kernel::ids::{CompanyId, ItemId, LocationId, MovementLineId, OrganisationId, UnitId};
    use kernel::{Date, Dec};
    use rust_decimal::dec;

    use super::*;

    fn line(leaves: bool, out: Decimal, into: Decimal, amount: Decimal) -> MovementLine {
        let place = LocationId::generate();
        MovementLine {
            organisation_id: OrganisationId::generate(),
            id: MovementLineId::generate(),
            movement_id: MovementId::generate(),
            position: 1,
            line_count: 1,
            company_id: CompanyId::generate(),
            moved_on: Date(chrono::NaiveDate::MIN),
            item_id: ItemId::generate(),
            from_warehouse_id: None,
            from_location_id: leaves.then_some(place),
            to_warehouse_id: None,
            to_location_id: (!leaves).then_some(place),
            unit_id: UnitId::generate(),
            unit_quantity: Dec(dec!(1)),
            quantity: Dec(dec!(1)),
            unit_cost: Dec(dec!(1)),
            value_out: Dec(out),
            value_in: Dec(into),
            amount: Dec(amount),
        }
    }

    #[test]
    fn every_kind_posts_to_what_it_should_and_balances() {
        use MovementKind::{Adjust, Issue, Receive, Return};
        let came = line(false, dec!(0), dec!(8), dec!(8));
        let went = line(true, dec!(8), dec!(0), dec!(8));
        for (kind, line, purpose, other) in [
            (Receive, &came, Purpose::ReceivedNotInvoiced, dec!(-8)),
            (Issue, &went, Purpose::CostOfSales, dec!(8)),
            (Adjust, &came, Purpose::Adjustment, dec!(-8)),
            (Adjust, &went, Purpose::Adjustment, dec!(8)),
            (Return, &went, Purpose::ReceivedNotInvoiced, dec!(8)),
            (Return, &came, Purpose::CostOfSales, dec!(-8)),
        ] {
            let sides = sides(kind, line);
            assert_eq!(sides[1], (purpose, other), "{kind}");
            assert!(sides[2].1.is_zero());
            assert!(sides.iter().map(|side| side.1).sum::<Decimal>().is_zero());
        }
    }

    #[test]
    fn what_price_and_value_leave_over_is_variation() {
        let returned = line(true, dec!(8), dec!(0), dec!(10));
        let [stock, owed, variation] = sides(MovementKind::Return, &returned);
        assert_eq!(
            (stock.1, owed.1, variation.1),
            (dec!(-8), dec!(10), dec!(-2))
        );
        let late = line(false, dec!(0), dec!(21), dec!(24));
        let [stock, owed, variation] = sides(MovementKind::Receive, &late);
        assert_eq!(
            (stock.1, owed.1, variation.1),
            (dec!(21), dec!(-24), dec!(3))
        );
    }
}
