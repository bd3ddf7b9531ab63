//! Whether a proposal can be ordered as it says: it may have waited while its supplier changed the
//! price, its terms ran out, or the item was archived.

use std::collections::HashSet;
use std::collections::hash_map::{Entry, HashMap};

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use directory::calendar::Working;
use kernel::ids::{CompanyId, ItemId, PartyId, SupplierTermId, UnitId, WarehouseId};
use kernel::{Date, Fault, Result, Tx};

use super::Proposal;
use crate::fault;
use crate::known::{self, KnownItem};
use crate::purchase::NewLine;
use crate::schema::warehouse;
use crate::schema_replenishment::supplier_term;
use crate::supplier_term::SupplierTerm;
use crate::unit::{self, Factor};

/// What proposals are compared with.
#[derive(Debug, Default)]
pub(super) struct Present {
    pub items: HashMap<ItemId, KnownItem>,
    pub warehouses: HashSet<WarehouseId>,
    pub suppliers: HashMap<PartyId, String>,
    pub terms: HashMap<SupplierTermId, SupplierTerm>,
    pub factors: HashMap<(ItemId, UnitId), Factor>,
    pub companies: HashMap<CompanyId, (Date, Working)>,
}

impl Present {
    /// What some proposals speak of, as it is now.
    pub async fn of(tx: &mut Tx, rows: &[Proposal]) -> Result<Self> {
        let items: Vec<ItemId> = rows.iter().map(|row| row.item_id).collect();
        let suppliers: Vec<PartyId> = rows.iter().filter_map(|row| row.supplier_id).collect();
        let pairs: Vec<_> = rows.iter().map(|row| (row.item_id, row.unit_id)).collect();
        let mut companies = HashMap::new();
        for row in rows {
            if let Entry::Vacant(place) = companies.entry(row.company_id) {
                let company = directory::company::load(tx, row.company_id).await?;
                let day = Date(tx.now().with_timezone(&company.tz()).date_naive());
                let working = directory::calendar::working(tx, company.calendar_id).await?;
                place.insert((day, working));
            }
        }
        Ok(Self {
            items: known::items(tx, &items).await?,
            warehouses: warehouses(tx, rows).await?,
            suppliers: known::suppliers(tx, &suppliers).await?,
            terms: terms(tx, rows).await?,
            factors: known::factors(tx, &pairs).await?,
            companies,
        })
    }

    /// Why a proposal can't be ordered as it says, if it can't.
    pub fn refuses(&self, row: &Proposal) -> Option<Fault> {
        let Some(supplier) = row.supplier_id else {
            return Some(Fault::not_allowed(fault::PROPOSAL_WITHOUT_SUPPLIER));
        };
        let item = self.items.get(&row.item_id);
        let code = item.map_or("", |item| item.code.as_str());
        if item.is_none_or(|item| item.archived || !item.is_tracked) {
            return Some(Fault::not_allowed(fault::ITEM_ARCHIVED).with("item", code));
        }
        if !self.warehouses.contains(&row.warehouse_id) {
            return Some(Fault::not_found(fault::WAREHOUSE_NOT_FOUND));
        }
        if !self.suppliers.contains_key(&supplier) {
            return Some(Fault::not_found(fault::SUPPLIER_NOT_FOUND));
        }
        (!self.holds(row)).then(|| Fault::not_allowed(fault::PROPOSAL_OUTDATED).with("item", code))
    }

    /// Whether the supplier still sells what is proposed as it is proposed.
    fn holds(&self, row: &Proposal) -> bool {
        let Some((term, day, _)) = self.term(row) else {
            return false;
        };
        let factor = self.factors.get(&(row.item_id, row.unit_id));
        let same =
            factor.is_some_and(|it| unit::nearly(row.unit_quantity.0, *it) == row.quantity.0);
        same && term.unit_id == row.unit_id
            && Some(term.price) == row.price
            && Some(term.currency) == row.currency
            && term.lead_time_days.is_some()
            && row.unit_quantity >= term.minimum_quantity
            && (row.unit_quantity.0 % term.multiple.0).is_zero()
            && term.valid_from <= day
            && term.valid_to.is_none_or(|to| to >= day)
    }

    fn term(&self, row: &Proposal) -> Option<(&SupplierTerm, Date, &Working)> {
        let (day, working) = self.companies.get(&row.company_id)?;
        Some((self.terms.get(&row.supplier_term_id?)?, *day, working))
    }

    /// The line that a proposal becomes, expected when it comes if it is ordered today.
    pub fn line(&self, row: &Proposal) -> Option<NewLine> {
        let (term, day, working) = self.term(row)?;
        let lead = term.lead_time_days?;
        Some(NewLine {
            item: row.item_id,
            unit: row.unit_id,
            factor: *self.factors.get(&(row.item_id, row.unit_id))?,
            quantity: row.unit_quantity,
            price: term.price,
            expected_on: Some(Date(working.plus(day.0, lead))),
            over_receipt_percent: term.over_receipt_percent,
            supplier_code: term.supplier_code.clone(),
            term: Some(term.id),
            proposal: Some(row.id),
        })
    }
}

/// The warehouses of some proposals that are in use.
async fn warehouses(tx: &mut Tx, rows: &[Proposal]) -> Result<HashSet<WarehouseId>> {
    let ids: Vec<WarehouseId> = rows.iter().map(|row| row.warehouse_id).collect();
    let ids: Vec<WarehouseId> = warehouse::table
        .filter(warehouse::organisation_id.eq(tx.organisation()))
        .filter(warehouse::id.eq_any(ids))
        .filter(warehouse::archived_at.is_null())
        .select(warehouse::id)
        .load(tx.conn())
        .await?;
    Ok(ids.into_iter().collect())
}

/// The terms of some proposals, held against changes until the transaction ends.
async fn terms(tx: &mut Tx, rows: &[Proposal]) -> Result<HashMap<SupplierTermId, SupplierTerm>> {
    let ids: Vec<SupplierTermId> = rows.iter().filter_map(|row| row.supplier_term_id).collect();
    let rows: Vec<SupplierTerm> = supplier_term::table
        .filter(supplier_term::organisation_id.eq(tx.organisation()))
        .filter(supplier_term::id.eq_any(ids))
        .order(supplier_term::id)
        .for_share()
        .select(SupplierTerm::as_select())
        .load(tx.conn())
        .await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

#[cfg(test)]
pub(super) mod tests {
    use kernel::{CurrencyCode, Dec};
    use rust_decimal::{Decimal, dec};

    use super::*;

    fn day(text: &str) -> Date {
        Date(text.parse().unwrap())
    }

    /// Terms as a proposal has them, today, a Monday.
    pub fn present(row: &mut Proposal) -> Present {
        let term = SupplierTerm {
            organisation_id: row.organisation_id,
            id: SupplierTermId::generate(),
            company_id: row.company_id,
            item_id: row.item_id,
            supplier_id: row.supplier_id.unwrap_or_else(PartyId::generate),
            supplier_code: None,
            unit_id: row.unit_id,
            price: row.price.unwrap_or_default(),
            currency: row.currency.unwrap_or(CurrencyCode::EUR),
            minimum_quantity: Dec::default(),
            multiple: Dec(Decimal::ONE),
            lead_time_days: Some(5),
            over_receipt_percent: Dec::default(),
            preferred: false,
            valid_from: day("2026-01-01"),
            valid_to: None,
            created_at: chrono::DateTime::default(),
            version: 1,
        };
        row.supplier_term_id = Some(term.id);
        let item = KnownItem {
            id: row.item_id,
            company_id: row.company_id,
            code: "TORNILLO".to_owned(),
            unit_id: UnitId::generate(),
            is_tracked: true,
            archived: false,
        };
        Present {
            items: [(row.item_id, item)].into(),
            warehouses: [row.warehouse_id].into(),
            suppliers: [(term.supplier_id, "Ferretería".to_owned())].into(),
            terms: [(term.id, term)].into(),
            factors: [((row.item_id, row.unit_id), (dec!(12), dec!(1)))].into(),
            companies: [(
                row.company_id,
                (day("2026-11-23"), Working::monday_to_friday()),
            )]
            .into(),
        }
    }

    #[test]
    fn a_proposal_that_waited_is_ordered_on_the_terms_of_today_or_not_at_all() {
        let mut row = super::super::accept::tests::open();
        let refused = |row: &Proposal, change: &dyn Fn(&mut SupplierTerm)| {
            let mut row = row.clone();
            let mut now = present(&mut row);
            now.terms.values_mut().for_each(change);
            now.refuses(&row).map(|fault| fault.reason)
        };
        assert_eq!(refused(&row, &|_| {}), None);
        let changes: [&dyn Fn(&mut SupplierTerm); 7] = [
            &|term| term.price = Dec(dec!(4)),
            &|term| term.unit_id = UnitId::generate(),
            &|term| term.lead_time_days = None,
            &|term| term.minimum_quantity = Dec(dec!(3)),
            &|term| term.multiple = Dec(dec!(5)),
            &|term| term.valid_from = day("2026-11-24"),
            &|term| term.valid_to = Some(day("2026-11-22")),
        ];
        for change in changes {
            assert_eq!(refused(&row, change), Some(fault::PROPOSAL_OUTDATED));
        }
        let mut now = present(&mut row);
        assert_eq!(now.line(&row).unwrap().expected_on, Some(day("2026-11-30")));
        now.factors
            .insert((row.item_id, row.unit_id), (dec!(10), dec!(1)));
        assert_eq!(now.refuses(&row).unwrap().reason, fault::PROPOSAL_OUTDATED);
        now.suppliers.clear();
        assert_eq!(now.refuses(&row).unwrap().reason, fault::SUPPLIER_NOT_FOUND);
        now.warehouses.clear();
        assert_eq!(
            now.refuses(&row).unwrap().reason,
            fault::WAREHOUSE_NOT_FOUND
        );
        now.items.values_mut().for_each(|item| item.archived = true);
        assert_eq!(now.refuses(&row).unwrap().reason, fault::ITEM_ARCHIVED);
    }
}
