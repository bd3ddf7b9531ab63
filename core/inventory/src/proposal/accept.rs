//! Accepting proposals: they become the lines of drafted orders, one order a supplier, warehouse
//! and currency.

use std::collections::{BTreeMap, HashMap};

use async_graphql::InputObject;
use diesel::sql_types as sql;
use diesel_async::RunQueryDsl;
use kernel::ids::{CompanyId, PartyId, ProposalId, PurchaseOrderId, WarehouseId};
use kernel::{CurrencyCode, Error, Fault, Result, Scope, Tx};
use ledger::entry::ErrorPolicy;

use super::current::Present;
use super::{Proposal, ProposalStatus, lock, task};
use crate::fault;
use crate::permission::{PURCHASE_MANAGE, REPLENISHMENT_MANAGE};
use crate::purchase::{self, NewLine, NewOrder, PurchaseOrder};

/// Proposals of one act at most.
const MOST: usize = 250;

/// Accepts proposals: they become lines of drafted purchase orders.
#[derive(Clone, Debug, InputObject)]
pub struct ProposalAcceptInput {
    /// The proposals, at most 250.
    pub ids: Vec<ProposalId>,
    /// What becomes of the good ones when some are bad.
    #[graphql(default_with = "ErrorPolicy::RejectAll")]
    pub error_policy: ErrorPolicy,
    /// Only tells what would happen.
    #[graphql(default)]
    pub dry_run: bool,
}

/// What accepting gave.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// The orders that were drafted.
    pub orders: Vec<PurchaseOrder>,
    /// What became of each proposal, in the order of the input.
    pub outcomes: Vec<AcceptedOne>,
}

/// What became of one proposal.
#[derive(Clone, Debug)]
pub struct AcceptedOne {
    /// Its place in the input, from 0.
    pub index: usize,
    /// The proposal as it is now, when it was accepted.
    pub proposal: Option<Proposal>,
    /// What was wrong with it, below its place in the input.
    pub faults: Vec<Fault>,
}

/// Accepts proposals: one drafted order a supplier, warehouse and currency. With `REJECT_ALL` one
/// bad proposal leaves none accepted.
///
/// # Errors
/// With `REJECT_ALL` every proposal that is not there, was decided before, has no supplier or is not
/// on the terms of today, at once. Without anything good, the same.
#[tracing::instrument(skip_all, fields(proposals = command.ids.len()), err)]
pub async fn accept(tx: &mut Tx, command: ProposalAcceptInput) -> Result<Accepted> {
    let scope = tx.require(REPLENISHMENT_MANAGE)?;
    let orders_in = tx.require(PURCHASE_MANAGE)?;
    if !(1..=MOST).contains(&command.ids.len()) {
        return Err(Fault::invalid(fault::TOO_MANY_AT_ONCE)
            .with("most", MOST)
            .at(["ids"])
            .into());
    }
    let seen = lock(tx, &command.ids).await?;
    let present = Present::of(tx, &seen).await?;
    let refuses = |row: &Proposal| present.refuses(row);
    let (good, bad) = sorted_out(&command.ids, &seen, (&scope, &orders_in), refuses);
    if !bad.is_empty() && (command.error_policy == ErrorPolicy::RejectAll || good.is_empty()) {
        let told = bad
            .into_iter()
            .map(|(index, fault)| fault.under(["ids".to_owned(), index.to_string()]));
        return Err(Error::Refused(told.collect()));
    }
    let rows: Vec<Proposal> = good.iter().map(|(_, row)| (*row).clone()).collect();
    let orders = draft(tx, &rows, &present).await?;
    let accepted = mark(tx, &rows, &orders).await?;
    let warehouses: Vec<WarehouseId> = rows.iter().map(|row| row.warehouse_id).collect();
    task::answer(tx, &warehouses).await?;
    let mut outcomes: Vec<AcceptedOne> = good
        .iter()
        .map(|(index, row)| AcceptedOne {
            index: *index,
            proposal: accepted.get(&row.id).cloned(),
            faults: Vec::new(),
        })
        .collect();
    outcomes.extend(bad.into_iter().map(|(index, fault)| AcceptedOne {
        index,
        proposal: None,
        faults: vec![fault],
    }));
    outcomes.sort_by_key(|one| one.index);
    let orders = orders.into_iter().map(|(order, _)| order).collect();
    Ok(Accepted { orders, outcomes })
}

type Good<'a> = Vec<(usize, &'a Proposal)>;
type Bad = Vec<(usize, Fault)>;

/// What can be ordered, and what is wrong with the rest; a proposal named twice counts once.
fn sorted_out<'a>(
    ids: &[ProposalId],
    seen: &'a [Proposal],
    (manage, order): (&Scope, &Scope),
    refuses: impl Fn(&Proposal) -> Option<Fault>,
) -> (Good<'a>, Bad) {
    let (mut good, mut bad): (Good<'a>, Bad) = (Vec::new(), Vec::new());
    for (index, id) in ids.iter().enumerate() {
        let row = seen.iter().find(|row| {
            let company = Some(row.company_id);
            row.id == *id && manage.covers(company, None) && order.covers(company, None)
        });
        let Some(row) = row else {
            bad.push((index, Fault::not_found(fault::PROPOSAL_NOT_FOUND)));
            continue;
        };
        let again = good.iter().any(|(_, other)| other.id == row.id);
        if row.status != ProposalStatus::Open || again {
            let status = if again {
                ProposalStatus::Accepted
            } else {
                row.status
            };
            let fault = Fault::not_allowed(fault::PROPOSAL_DECIDED).with("status", status);
            bad.push((index, fault));
        } else if let Some(fault) = refuses(row) {
            bad.push((index, fault));
        } else {
            good.push((index, row));
        }
    }
    (good, bad)
}

type Group = (CompanyId, WarehouseId, PartyId, &'static str);

/// Drafts an order for each supplier, warehouse and currency, in the order of their keys.
async fn draft(
    tx: &mut Tx,
    rows: &[Proposal],
    present: &Present,
) -> Result<Vec<(PurchaseOrder, Vec<ProposalId>)>> {
    let mut groups: BTreeMap<Group, (CurrencyCode, Vec<&Proposal>)> = BTreeMap::new();
    for row in rows {
        let (Some(supplier), Some(currency)) = (row.supplier_id, row.currency) else {
            return Err(Error::bug("an accepted proposal has no supplier"));
        };
        let key = (row.company_id, row.warehouse_id, supplier, currency.code());
        groups
            .entry(key)
            .or_insert((currency, Vec::new()))
            .1
            .push(row);
    }
    let mut wanted = Vec::with_capacity(groups.len());
    let mut proposals = Vec::with_capacity(groups.len());
    for ((company, warehouse, supplier, _), (currency, rows)) in groups {
        let lines: Option<Vec<NewLine>> = rows.iter().map(|row| present.line(row)).collect();
        let lines = lines.ok_or_else(|| Error::bug("an accepted proposal has no terms"))?;
        wanted.push(NewOrder {
            id: None,
            company,
            warehouse,
            supplier,
            currency,
            supplier_reference: None,
            memo: None,
            expected_on: lines.iter().filter_map(|line| line.expected_on).max(),
            lines,
        });
        proposals.push(rows.iter().map(|row| row.id).collect());
    }
    let orders = purchase::draft_all(tx, wanted).await?;
    Ok(orders.into_iter().zip(proposals).collect())
}

/// Marks the proposals as accepted, in one statement.
async fn mark(
    tx: &mut Tx,
    rows: &[Proposal],
    orders: &[(PurchaseOrder, Vec<ProposalId>)],
) -> Result<HashMap<ProposalId, Proposal>> {
    let by = purchase::person_behind(tx).await?;
    let mut became: HashMap<ProposalId, PurchaseOrderId> = HashMap::new();
    for (order, proposals) in orders {
        became.extend(proposals.iter().map(|id| (*id, order.id)));
    }
    let (ids, orders): (Vec<ProposalId>, Vec<PurchaseOrderId>) = became.iter().unzip();
    diesel::sql_query(
        "UPDATE inventory.proposal p SET status = 'ACCEPTED', purchase_order_id = a.order_id, \
            decided_by = $4, decided_at = $5, version = p.version + 1 \
         FROM unnest($2, $3) AS a (id, order_id) WHERE p.organisation_id = $1 AND p.id = a.id",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Array<sql::Uuid>, _>(ids)
    .bind::<sql::Array<sql::Uuid>, _>(orders)
    .bind::<sql::Nullable<sql::Uuid>, _>(by)
    .bind::<sql::Timestamptz, _>(tx.now())
    .execute(tx.conn())
    .await?;
    let now = tx.now();
    let accepted: HashMap<ProposalId, Proposal> = rows
        .iter()
        .map(|row| {
            let row = Proposal {
                status: ProposalStatus::Accepted,
                purchase_order_id: became.get(&row.id).copied(),
                decided_by: by,
                decided_at: Some(now),
                version: row.version + 1,
                ..row.clone()
            };
            (row.id, row)
        })
        .collect();
    let events = rows
        .iter()
        .map(|row| {
            row.event("inventory.proposal.accepted")
                .set("purchaseOrder", became.get(&row.id))
                .set("quantity", row.quantity)
        })
        .collect();
    tx.emit_all(events).await?;
    Ok(accepted)
}

#[cfg(test)]
pub(super) mod tests {
    use kernel::{Date, Dec};

    use super::*;

    /// Two boxes of twelve, which wait.
    pub fn open() -> Proposal {
        proposal(ProposalStatus::Open, Some(PartyId::generate()))
    }

    fn proposal(status: ProposalStatus, supplier: Option<PartyId>) -> Proposal {
        let zero = Dec::default();
        Proposal {
            organisation_id: kernel::ids::OrganisationId::generate(),
            id: ProposalId::generate(),
            company_id: CompanyId::generate(),
            warehouse_id: WarehouseId::generate(),
            item_id: kernel::ids::ItemId::generate(),
            status,
            supplier_id: supplier,
            supplier_term_id: None,
            quantity: Dec(rust_decimal::dec!(24)),
            unit_id: kernel::ids::UnitId::generate(),
            unit_quantity: Dec(rust_decimal::dec!(2)),
            price: supplier.map(|_| Dec(rust_decimal::dec!(3.333))),
            currency: supplier.map(|_| CurrencyCode::EUR),
            expected_on: None,
            as_of: Date(chrono::NaiveDate::default()),
            problem: None,
            on_hand: zero,
            on_order: zero,
            reorder_point: zero,
            demand_per_day: zero,
            lead_time_days: None,
            days_of_cover: None,
            explanation: serde_json::Value::Null,
            rule_version: String::new(),
            job_id: None,
            decided_by: None,
            decided_at: None,
            reason: None,
            dismissed_until: None,
            purchase_order_id: None,
            created_at: chrono::DateTime::default(),
            version: 1,
        }
    }

    #[test]
    fn what_cannot_be_ordered_says_why_and_a_proposal_counts_once() {
        let supplier = Some(PartyId::generate());
        let open = proposal(ProposalStatus::Open, supplier);
        let gone = proposal(ProposalStatus::Dismissed, supplier);
        let orphan = proposal(ProposalStatus::Open, None);
        let unknown = ProposalId::generate();
        let ids = [open.id, gone.id, orphan.id, unknown, open.id];
        let seen = [open, gone, orphan];
        let all = Scope::everywhere();
        let refuses = |row: &Proposal| Present::default().refuses(row).filter(|_| row.id == ids[2]);
        let (good, bad) = sorted_out(&ids, &seen, (&all, &all), refuses);
        assert_eq!(
            good.iter().map(|(index, _)| *index).collect::<Vec<_>>(),
            [0]
        );
        let reasons: Vec<_> = bad.iter().map(|(index, it)| (*index, it.reason)).collect();
        let expected = [
            (1, fault::PROPOSAL_DECIDED),
            (2, fault::PROPOSAL_WITHOUT_SUPPLIER),
            (3, fault::PROPOSAL_NOT_FOUND),
            (4, fault::PROPOSAL_DECIDED),
        ];
        assert_eq!(reasons, expected);
        let elsewhere = Scope {
            companies: vec![CompanyId::generate()],
            ..Scope::default()
        };
        let (good, bad) = sorted_out(&ids[..1], &seen, (&all, &elsewhere), refuses);
        assert!(good.is_empty());
        assert_eq!(bad[0].1.reason, fault::PROPOSAL_NOT_FOUND);
    }

    #[test]
    fn a_line_keeps_the_factor_and_the_value_is_rounded_once() {
        let mut row = open();
        let line = super::super::current::tests::present(&mut row).line(&row);
        let factor = (rust_decimal::dec!(12), rust_decimal::dec!(1));
        assert_eq!(line.unwrap().factor, factor);
        assert_eq!(row.value().unwrap().amount.0, rust_decimal::dec!(6.67));
    }
}
