//! Dismissing proposals: with a reason, and a day until which they do not come back.

use async_graphql::InputObject;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use directory::check::{self, Input};
use kernel::ids::{ProposalId, WarehouseId};
use kernel::{Date, Fault, Faults, Result, Tx};

use super::{Proposal, ProposalStatus, lock, task};
use crate::fault;
use crate::permission::REPLENISHMENT_MANAGE;
use crate::schema_replenishment::proposal;

/// Proposals of one act at most.
const MOST: usize = 250;

/// Dismisses proposals: nothing is ordered, and they do not come back until a day.
#[derive(Clone, Debug, InputObject)]
pub struct ProposalDismissInput {
    /// The proposals, at most 250; all of them, or none.
    pub ids: Vec<ProposalId>,
    /// Why, in at most 500 characters.
    pub reason: String,
    /// The day from which it may be proposed again; from the next run on when absent.
    pub until: Option<Date>,
    /// Only tells what would happen.
    #[graphql(default)]
    pub dry_run: bool,
}

/// Dismisses proposals.
///
/// # Errors
/// Every proposal that is not there or was decided before, at once.
#[tracing::instrument(skip_all, fields(proposals = command.ids.len()), err)]
pub async fn dismiss(tx: &mut Tx, command: ProposalDismissInput) -> Result<Vec<Proposal>> {
    let scope = tx.require(REPLENISHMENT_MANAGE)?;
    let today = Date(tx.now().date_naive());
    let mut input = Input::new();
    let reason = input.take("reason", check::text(&command.reason, 500));
    input.check((1..=MOST).contains(&command.ids.len()), || {
        Fault::invalid(fault::TOO_MANY_AT_ONCE)
            .with("most", MOST)
            .at(["ids"])
    });
    input.check(command.until.is_none_or(|until| until >= today), || {
        Fault::invalid(fault::UNTIL_IN_PAST).at(["until"])
    });
    input.finish()?;
    let seen = lock(tx, &command.ids).await?;
    let mut faults = Faults::new();
    for (index, id) in command.ids.iter().enumerate() {
        let row = seen
            .iter()
            .find(|row| row.id == *id && scope.covers(Some(row.company_id), None));
        let at = ["ids".to_owned(), index.to_string()];
        match row {
            None => faults.push(Fault::not_found(fault::PROPOSAL_NOT_FOUND).at(at)),
            Some(row) => faults.check(row.status == ProposalStatus::Open, || {
                Fault::not_allowed(fault::PROPOSAL_DECIDED)
                    .with("status", row.status)
                    .at(at)
            }),
        }
    }
    faults.finish()?;
    let by = crate::purchase::person_behind(tx).await?;
    let mut rows: Vec<Proposal> = diesel::update(
        proposal::table
            .filter(proposal::organisation_id.eq(tx.organisation()))
            .filter(proposal::id.eq_any(&command.ids)),
    )
    .set((
        proposal::status.eq(ProposalStatus::Dismissed),
        proposal::reason.eq(&reason),
        proposal::dismissed_until.eq(command.until),
        proposal::decided_by.eq(by),
        proposal::decided_at.eq(tx.now()),
        proposal::version.eq(proposal::version + 1),
    ))
    .returning(Proposal::as_returning())
    .get_results(tx.conn())
    .await?;
    let warehouses: Vec<WarehouseId> = rows.iter().map(|row| row.warehouse_id).collect();
    task::answer(tx, &warehouses).await?;
    rows.sort_by_key(|row| command.ids.iter().position(|id| *id == row.id));
    let events = rows
        .iter()
        .map(|row| {
            row.event("inventory.proposal.dismissed")
                .set("reason", &row.reason)
                .set("until", row.dismissed_until)
        })
        .collect();
    tx.emit_all(events).await?;
    Ok(rows)
}
