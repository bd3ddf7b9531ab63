//! What a look leaves behind: proposals made, raised and withdrawn, and alerts; a few statements
//! however many items were looked at.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use kernel::ids::{JobId, ProposalId};
use kernel::{Date, Dec, Result, Tx};
use rust_decimal::Decimal;

use super::facts::Facts;
use super::outcome::Outcome;
use super::rules::{Finding, Order, RULE_VERSION};
use crate::alert::{self, Sight};
use crate::proposal::{Proposal, ProposalProblem, ProposalStatus};
use crate::schema_replenishment::proposal;

/// Rows of one statement: 32 columns of so many rows stay under the 65,535 values that it takes.
const BATCH: usize = 1_000;

/// Why the job withdraws what is not needed any more: the key of the sentence.
const NEED_GONE: &str = "inventory.need_gone";
/// Why the job withdraws what is not kept any more.
pub(super) const NOT_KEPT: &str = "inventory.not_kept";

/// What was found about one item in one warehouse.
pub(super) struct Seen {
    pub facts: Facts,
    pub day: Date,
    /// Whether the day is before the company's today: then nobody is alarmed.
    pub is_past: bool,
    pub finding: Finding,
    pub outcome: Outcome,
}

impl Seen {
    /// What is to be ordered, if anything.
    pub fn order(&self) -> Option<&Order> {
        self.finding.order.as_ref().ok()?.as_ref()
    }
}

/// Writes what was found.
pub(super) async fn record(tx: &mut Tx, seen: &[Seen], job: JobId) -> Result<()> {
    propose(tx, seen, job).await?;
    renew(tx, seen, job).await?;
    let gone = seen.iter().filter(|it| it.outcome == Outcome::Withdrawn);
    let gone = gone.filter_map(|seen| seen.facts.standing.as_ref().map(|(id, _, _)| *id));
    withdraw(tx, &gone.collect::<Vec<_>>(), (NEED_GONE, job)).await?;
    let sights: Vec<Sight> = seen
        .iter()
        .filter(|seen| !seen.is_past)
        .map(sight)
        .collect();
    alert::settle(tx, &sights, job).await?;
    Ok(())
}

fn sight(seen: &Seen) -> Sight {
    let on_hand = seen.facts.position.on_hand;
    Sight {
        company: seen.facts.company,
        item: seen.facts.item,
        warehouse: seen.facts.warehouse,
        on_hand,
        alarm: super::outcome::alarm(&seen.facts.keeping, &seen.finding, on_hand),
    }
}

/// Makes the proposals that are new. One that another run has made in the meantime stands.
async fn propose(tx: &mut Tx, seen: &[Seen], job: JobId) -> Result<()> {
    let rows = rows(tx, seen, Outcome::Proposed, job)?;
    for rows in rows.chunks(BATCH) {
        let made: Vec<ProposalId> = diesel::insert_into(proposal::table)
            .values(rows)
            .on_conflict_do_nothing()
            .returning(proposal::id)
            .get_results(tx.conn())
            .await?;
        let made: HashSet<ProposalId> = made.into_iter().collect();
        tell(tx, rows, &made, |_| "inventory.proposal.made").await?;
    }
    Ok(())
}

/// Renews what stands and is not enough any more, or not on the terms of now. One that a person
/// decided in the meantime stays as it was decided.
async fn renew(tx: &mut Tx, seen: &[Seen], job: JobId) -> Result<()> {
    let mut rows = rows(tx, seen, Outcome::Renewed, job)?;
    let before = seen.iter().filter_map(|seen| seen.facts.standing.as_ref());
    let before: HashMap<ProposalId, Decimal> = before
        .map(|(id, _, standing)| (*id, standing.quantity))
        .collect();
    let ids: Vec<ProposalId> = rows.iter().map(|row| row.id).collect();
    let open = still_open(tx, &ids).await?;
    rows.retain(|row| open.contains(&row.id));
    for rows in rows.chunks(BATCH) {
        let renewed: Vec<ProposalId> = diesel::insert_into(proposal::table)
            .values(rows)
            .on_conflict((proposal::organisation_id, proposal::id))
            .do_update()
            .set((
                (
                    proposal::supplier_id.eq(excluded(proposal::supplier_id)),
                    proposal::supplier_term_id.eq(excluded(proposal::supplier_term_id)),
                    proposal::quantity.eq(excluded(proposal::quantity)),
                    proposal::unit_id.eq(excluded(proposal::unit_id)),
                    proposal::unit_quantity.eq(excluded(proposal::unit_quantity)),
                    proposal::price.eq(excluded(proposal::price)),
                    proposal::currency.eq(excluded(proposal::currency)),
                    proposal::expected_on.eq(excluded(proposal::expected_on)),
                    proposal::as_of.eq(excluded(proposal::as_of)),
                    proposal::problem.eq(excluded(proposal::problem)),
                ),
                (
                    proposal::on_hand.eq(excluded(proposal::on_hand)),
                    proposal::on_order.eq(excluded(proposal::on_order)),
                    proposal::reorder_point.eq(excluded(proposal::reorder_point)),
                    proposal::demand_per_day.eq(excluded(proposal::demand_per_day)),
                    proposal::lead_time_days.eq(excluded(proposal::lead_time_days)),
                    proposal::days_of_cover.eq(excluded(proposal::days_of_cover)),
                    proposal::explanation.eq(excluded(proposal::explanation)),
                    proposal::rule_version.eq(excluded(proposal::rule_version)),
                    proposal::job_id.eq(excluded(proposal::job_id)),
                    proposal::version.eq(excluded(proposal::version)),
                ),
            ))
            .returning(proposal::id)
            .get_results(tx.conn())
            .await?;
        let renewed: HashSet<ProposalId> = renewed.into_iter().collect();
        let action = |row: &Proposal| match before.get(&row.id) {
            Some(before) if row.quantity.0 > *before => "inventory.proposal.raised",
            _ => "inventory.proposal.renewed",
        };
        tell(tx, rows, &renewed, action).await?;
    }
    Ok(())
}

/// Locks those of some proposals that are still open, in order of their ids.
async fn still_open(tx: &mut Tx, ids: &[ProposalId]) -> Result<HashSet<ProposalId>> {
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let open: Vec<ProposalId> = proposal::table
        .filter(proposal::organisation_id.eq(tx.organisation()))
        .filter(proposal::id.eq_any(ids))
        .filter(proposal::status.eq(ProposalStatus::Open))
        .order(proposal::id)
        .for_update()
        .select(proposal::id)
        .load(tx.conn())
        .await?;
    Ok(open.into_iter().collect())
}

async fn tell(
    tx: &mut Tx,
    rows: &[Proposal],
    which: &HashSet<ProposalId>,
    action: impl Fn(&Proposal) -> &'static str,
) -> Result<()> {
    let events = rows
        .iter()
        .filter(|row| which.contains(&row.id))
        .map(|row| {
            row.event(action(row))
                .set("quantity", row.quantity)
                .set("supplier", row.supplier_id)
                .set("asOf", row.as_of)
        })
        .collect();
    tx.emit_all(events).await?;
    Ok(())
}

/// Withdraws those of some proposals that are still open, with the key of the reason.
pub(super) async fn withdraw(
    tx: &mut Tx,
    ids: &[ProposalId],
    (reason, job): (&'static str, JobId),
) -> Result<()> {
    let ids = still_open(tx, ids).await?;
    if ids.is_empty() {
        return Ok(());
    }
    let rows: Vec<Proposal> = diesel::update(
        proposal::table
            .filter(proposal::organisation_id.eq(tx.organisation()))
            .filter(proposal::id.eq_any(ids))
            .filter(proposal::status.eq(ProposalStatus::Open)),
    )
    .set((
        proposal::status.eq(ProposalStatus::Withdrawn),
        proposal::reason.eq(reason),
        proposal::decided_at.eq(tx.now()),
        proposal::job_id.eq(job),
        proposal::version.eq(proposal::version + 1),
    ))
    .returning(Proposal::as_returning())
    .get_results(tx.conn())
    .await?;
    let events = rows
        .iter()
        .map(|row| {
            row.event("inventory.proposal.withdrawn")
                .set("reason", reason)
        })
        .collect();
    tx.emit_all(events).await?;
    Ok(())
}

fn rows(tx: &Tx, seen: &[Seen], which: Outcome, job: JobId) -> Result<Vec<Proposal>> {
    seen.iter()
        .filter(|seen| seen.outcome == which)
        .filter_map(|seen| Some((seen, seen.order()?)))
        .map(|(seen, order)| row(tx, seen, order, job))
        .collect()
}

fn row(tx: &Tx, seen: &Seen, order: &Order, job: JobId) -> Result<Proposal> {
    let (facts, from) = (&seen.facts, order.from.as_ref());
    let (id, version) = match &facts.standing {
        Some((id, version, _)) => (*id, version + 1),
        None => (ProposalId::generate(), 1),
    };
    Ok(Proposal {
        organisation_id: tx.organisation(),
        id,
        company_id: facts.company,
        warehouse_id: facts.warehouse,
        item_id: facts.item,
        status: ProposalStatus::Open,
        supplier_id: from.map(|from| from.supplier),
        supplier_term_id: from.map(|from| from.term),
        quantity: Dec(order.quantity),
        unit_id: order.unit,
        unit_quantity: Dec(order.unit_quantity),
        price: from.map(|from| Dec(from.price)),
        currency: from.map(|from| from.currency),
        expected_on: from.map(|from| from.expected_on),
        as_of: seen.day,
        problem: from.is_none().then_some(ProposalProblem::NoSupplier),
        on_hand: Dec(facts.position.on_hand),
        on_order: Dec(facts.position.on_order),
        reorder_point: Dec(seen.finding.reorder_point),
        demand_per_day: Dec(seen.finding.demand_per_day),
        lead_time_days: from.map(|from| from.lead_time_days),
        days_of_cover: seen.finding.days_of_cover.map(Dec),
        explanation: serde_json::to_value(&order.explanation)?,
        rule_version: RULE_VERSION.to_owned(),
        job_id: Some(job),
        decided_by: None,
        decided_at: None,
        reason: None,
        dismissed_until: None,
        purchase_order_id: None,
        created_at: tx.now(),
        version,
    })
}
