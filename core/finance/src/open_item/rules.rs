//! What a settlement does to what is owed, pure.

use std::collections::HashMap;

use chrono::NaiveDate;
use kernel::Fault;
use kernel::ids::OpenItemId;
use kernel::money::round;
use rust_decimal::Decimal;

use super::OpenItem;
use super::settle::Pair;
use crate::fault;

/// A settlement of a charge by a credit, worked out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Settled {
    pub charge: OpenItemId,
    pub credit: OpenItemId,
    pub amount: Decimal,
    pub charge_company: Decimal,
    pub credit_company: Decimal,
}

impl Settled {
    /// What the books still show of both although both are settled: the charge's worth less the
    /// credit's.
    pub fn difference(&self) -> Decimal {
        self.charge_company - self.credit_company
    }
}

/// Takes what the pairs settle from the items, in order; tells everything that is wrong.
pub(super) fn settle(
    items: &mut HashMap<OpenItemId, OpenItem>,
    pairs: &[Pair],
    on: NaiveDate,
    places: u32,
) -> Result<Vec<Settled>, Vec<Fault>> {
    let mut done = Vec::with_capacity(pairs.len());
    let mut faults = Vec::new();
    for (at, pair) in pairs.iter().enumerate() {
        match one(items, pair, on, places) {
            Ok(settled) => done.push(settled),
            Err(fault) => faults.push(fault.under(["allocations".to_owned(), at.to_string()])),
        }
    }
    if faults.is_empty() {
        Ok(done)
    } else {
        Err(faults)
    }
}

fn one(
    items: &mut HashMap<OpenItemId, OpenItem>,
    pair: &Pair,
    on: NaiveDate,
    places: u32,
) -> Result<Settled, Fault> {
    let missing = |field: &str| Fault::not_found(fault::ITEM_NOT_FOUND).at([field]);
    let charge = items.get(&pair.charge).ok_or_else(|| missing("charge"))?;
    let credit = items.get(&pair.credit).ok_or_else(|| missing("credit"))?;
    check(charge, credit, on)?;
    let most = charge.remaining.0.min(-credit.remaining.0);
    let amount = pair.amount.unwrap_or(most);
    if amount <= Decimal::ZERO || amount > most || round(amount, charge.currency.places()) != amount
    {
        return Err(Fault::invalid(fault::ALLOCATION_AMOUNT)
            .with("most", most.normalize())
            .at(["amount"]));
    }
    let settled = Settled {
        charge: pair.charge,
        credit: pair.credit,
        amount,
        charge_company: worth(charge, amount, places),
        credit_company: worth(credit, amount, places),
    };
    if let Some(charge) = items.get_mut(&pair.charge) {
        charge.remaining.0 -= amount;
        charge.company_remaining.0 -= settled.charge_company;
        charge.version += 1;
    }
    if let Some(credit) = items.get_mut(&pair.credit) {
        credit.remaining.0 += amount;
        credit.company_remaining.0 += settled.credit_company;
        credit.version += 1;
    }
    Ok(settled)
}

/// What a part of an item is worth in the books; the last part takes what is left.
fn worth(item: &OpenItem, amount: Decimal, places: u32) -> Decimal {
    if amount == item.remaining.0.abs() {
        return item.company_remaining.0.abs();
    }
    let exact = item.company_amount.0.abs() * amount / item.amount.0.abs();
    round(exact, places).min(item.company_remaining.0.abs())
}

fn check(charge: &OpenItem, credit: &OpenItem, on: NaiveDate) -> Result<(), Fault> {
    if charge.amount.0 <= Decimal::ZERO {
        return Err(Fault::invalid(fault::NOT_A_CHARGE).at(["charge"]));
    }
    if credit.amount.0 >= Decimal::ZERO {
        return Err(Fault::invalid(fault::NOT_A_CREDIT).at(["credit"]));
    }
    let belong = charge.company_id == credit.company_id
        && charge.side == credit.side
        && charge.party_id == credit.party_id
        && charge.currency == credit.currency
        && charge.account_code == credit.account_code;
    if !belong {
        return Err(Fault::not_allowed(fault::ITEMS_APART).at(["credit"]));
    }
    if on < charge.posted_on.0.max(credit.posted_on.0) {
        return Err(Fault::invalid(fault::DATES_OUT_OF_ORDER).at(["allocatedOn"]));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::open_item::OpenItemSide;
    use chrono::{DateTime, Utc};
    use kernel::ids::{CompanyId, EntryId, OrganisationId, PartyId};
    use kernel::{CurrencyCode, Date, Dec};
    use proptest::prelude::*;
    use rust_decimal::dec;

    fn item(of: (CompanyId, PartyId), amount: Decimal, company: Decimal) -> OpenItem {
        let day = Date(NaiveDate::from_ymd_opt(2026, 3, 1).unwrap());
        OpenItem {
            organisation_id: OrganisationId::generate(),
            id: OpenItemId::generate(),
            company_id: of.0,
            side: OpenItemSide::Payable,
            party_id: of.1,
            invoice_id: None,
            entry_id: EntryId::generate(),
            account_code: "4000".to_owned(),
            position: 1,
            posted_on: day,
            due_on: day,
            currency: CurrencyCode::EUR,
            rate: Dec(Decimal::ONE),
            amount: Dec(amount),
            remaining: Dec(amount),
            company_amount: Dec(company),
            company_remaining: Dec(company),
            created_at: DateTime::<Utc>::MIN_UTC,
            version: 1,
        }
    }

    fn shelf(items: &[OpenItem]) -> HashMap<OpenItemId, OpenItem> {
        items.iter().map(|one| (one.id, one.clone())).collect()
    }

    fn owner() -> (CompanyId, PartyId) {
        (CompanyId::generate(), PartyId::generate())
    }

    fn day() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 3, 2).unwrap()
    }

    #[test]
    fn the_difference_of_two_rates_is_what_the_books_still_show() {
        let of = owner();
        let (invoice, payment) = (
            item(of, dec!(100), dec!(90)),
            item(of, dec!(-100), dec!(-92.5)),
        );
        let mut items = shelf(&[invoice.clone(), payment.clone()]);
        let pair = Pair {
            charge: invoice.id,
            credit: payment.id,
            amount: None,
        };
        let done = settle(&mut items, &[pair], day(), 2).unwrap();
        assert_eq!(done[0].difference(), dec!(-2.5));
        assert!(items.values().all(|one| one.remaining.0.is_zero()));
        assert!(items.values().all(|one| one.company_remaining.0.is_zero()));
    }

    #[test]
    fn nothing_is_settled_twice_or_across_owners() {
        let of = owner();
        let (invoice, payment) = (
            item(of, dec!(100), dec!(100)),
            item(of, dec!(-60), dec!(-60)),
        );
        let foreign = item(owner(), dec!(-100), dec!(-100));
        let all = [invoice.clone(), payment.clone(), foreign.clone()];
        let pair = |credit, amount| Pair {
            charge: invoice.id,
            credit,
            amount,
        };
        for (pair, reason) in [
            (
                pair(payment.id, Some(dec!(60.01))),
                fault::ALLOCATION_AMOUNT,
            ),
            (pair(payment.id, Some(dec!(0))), fault::ALLOCATION_AMOUNT),
            (
                pair(payment.id, Some(dec!(0.001))),
                fault::ALLOCATION_AMOUNT,
            ),
            (pair(foreign.id, None), fault::ITEMS_APART),
            (pair(OpenItemId::generate(), None), fault::ITEM_NOT_FOUND),
            (pair(invoice.id, None), fault::NOT_A_CREDIT),
        ] {
            let mut items = shelf(&all);
            let faults = settle(&mut items, &[pair], day(), 2).unwrap_err();
            assert_eq!(faults[0].reason, reason);
            assert_eq!(items, shelf(&all), "a refusal takes nothing");
        }
        let mut items = shelf(&all);
        let twice = [pair(payment.id, None), pair(payment.id, Some(dec!(1)))];
        assert!(settle(&mut items, &twice, day(), 2).is_err());
    }

    proptest! {
        #[test]
        fn parts_take_the_worth_of_the_whole(
            cents in 2i64..1_000_000,
            rate in 50i64..200,
            cuts in prop::collection::vec(1i64..1_000_000, 0..12),
        ) {
            let of = owner();
            let amount = Decimal::new(cents, 2);
            let company = round(amount * Decimal::new(rate, 2), 2);
            let invoice = item(of, amount, company);
            let payment = item(of, -amount, -company);
            let mut items = shelf(&[invoice.clone(), payment.clone()]);
            let mut parts: Vec<i64> = cuts.iter().map(|cut| cut % cents).collect();
            parts.extend([0, cents]);
            parts.sort_unstable();
            parts.dedup();
            for two in parts.windows(2) {
                let part = Some(Decimal::new(two[1] - two[0], 2));
                let pair = Pair { charge: invoice.id, credit: payment.id, amount: part };
                let done = settle(&mut items, &[pair], day(), 2).unwrap();
                prop_assert!(done[0].charge_company >= Decimal::ZERO);
            }
            prop_assert!(items.values().all(|one| one.remaining.0.is_zero()));
            prop_assert!(items.values().all(|one| one.company_remaining.0.is_zero()));
        }
    }
}
