//! Settling what is owed: charges against credits, with the exchange difference that rates left.
//!
//! Round trips: lock 1, settings 1, exchange entries (only when there are some), allocations 1,
//! items 1, invoices 1, events 2.

use std::collections::{BTreeSet, HashMap};

use async_graphql::InputObject;
use chrono::NaiveDate;
use kernel::ids::{AllocationId, CompanyId, EntryId, OpenItemId};
use kernel::{CurrencyCode, Date, Dec, Error, Event, Fault, Result, Tx};
use ledger::entry::{PostEntry, PostLine, SourceKey};
use rust_decimal::Decimal;

use super::rules::{self, Settled};
use super::store::{self, locked};
use super::{Allocation, OpenItem};
use crate::fault;
use crate::permission::{INVOICE_POST, INVOICE_READ, covers};
use crate::setting::{self, FinanceSetting};

/// Pairs of one settlement at most.
const MOST: usize = 250;

/// A charge to be settled by a credit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair {
    pub charge: OpenItemId,
    pub credit: OpenItemId,
    /// As much as both admit when absent.
    pub amount: Option<Decimal>,
}

/// A charge to be settled by a credit.
#[derive(Clone, Copy, Debug, InputObject)]
pub struct OpenItemPairInput {
    /// What is owed.
    pub charge: OpenItemId,
    /// The credit note or payment that settles it.
    pub credit: OpenItemId,
    /// How much, in the currency of the documents; as much as both admit when absent.
    pub amount: Option<Dec>,
}

/// Settles charges by credits.
#[derive(Clone, Debug, InputObject)]
pub struct OpenItemAllocateInput {
    /// The pairs, at most 250; all of one company.
    pub allocations: Vec<OpenItemPairInput>,
    /// The day; today when absent. Not before either was posted.
    pub allocated_on: Option<Date>,
    /// Only tells what would happen.
    #[graphql(default)]
    pub dry_run: bool,
}

/// Settles charges by credits, by a person's wish; gives the items as they are now.
#[tracing::instrument(skip_all, err)]
pub async fn allocate(tx: &mut Tx, command: OpenItemAllocateInput) -> Result<Vec<OpenItem>> {
    tx.require(INVOICE_POST)?;
    if !(1..=MOST).contains(&command.allocations.len()) {
        return Err(Fault::invalid(fault::TOO_MANY)
            .with("most", MOST)
            .at(["allocations"])
            .into());
    }
    let pairs: Vec<Pair> = command
        .allocations
        .iter()
        .map(|one| Pair {
            charge: one.charge,
            credit: one.credit,
            amount: one.amount.map(|amount| amount.0),
        })
        .collect();
    let on = command
        .allocated_on
        .map_or_else(|| tx.now().date_naive(), |day| day.0);
    settle(tx, &pairs, on, Some(INVOICE_POST)).await
}

/// Settles pairs in the caller's transaction. With a permission it knows nothing of what that does
/// not cover, and refuses what waits in a payment order. Gives the items as they are now.
pub(crate) async fn settle(
    tx: &mut Tx,
    pairs: &[Pair],
    on: NaiveDate,
    permission: Option<kernel::Permission>,
) -> Result<Vec<OpenItem>> {
    let ids: BTreeSet<OpenItemId> = pairs
        .iter()
        .flat_map(|pair| [pair.charge, pair.credit])
        .collect();
    let ids: Vec<OpenItemId> = ids.into_iter().collect();
    let mut items = locked(tx, &ids).await?;
    if let Some(permission) = permission {
        let actor = tx.actor();
        items.retain(|_, item| covers(actor, permission, item.company_id));
        if crate::payment_order::is_ordered(tx, &ids).await? {
            let fault = Fault::not_allowed(fault::BEING_PAID);
            return Err(fault.at(["allocations"]).into());
        }
    }
    let company = one_company(&items)?;
    let setting = setting::load(tx, company).await?;
    let done =
        rules::settle(&mut items, pairs, on, setting.currency.places()).map_err(Error::Refused)?;
    let allocations = posted(tx, &setting, &items, &done, on).await?;
    let touched: Vec<&OpenItem> = ids.iter().filter_map(|id| items.get(id)).collect();
    store::record(tx, &touched, &allocations).await?;
    tx.emit_all(allocations.iter().map(event).collect()).await?;
    store::mark_paid(tx, &touched).await?;
    Ok(touched.into_iter().cloned().collect())
}

fn one_company(items: &HashMap<OpenItemId, OpenItem>) -> Result<CompanyId> {
    let companies: BTreeSet<CompanyId> = items.values().map(|item| item.company_id).collect();
    match (companies.first(), companies.len()) {
        (Some(company), 1) => Ok(*company),
        (None, _) => Err(Fault::not_found(fault::ITEM_NOT_FOUND)
            .at(["allocations"])
            .into()),
        _ => Err(Fault::not_allowed(fault::ITEMS_APART)
            .at(["allocations"])
            .into()),
    }
}

/// The allocations, each exchange difference with its entry: losses to 668, gains to 768 (Real
/// Decreto 1514/2007, norma 11.ª: differences on settlement belong to the result).
async fn posted(
    tx: &mut Tx,
    setting: &FinanceSetting,
    items: &HashMap<OpenItemId, OpenItem>,
    done: &[Settled],
    on: NaiveDate,
) -> Result<Vec<Allocation>> {
    let rows: Vec<(Allocation, Settled)> = done
        .iter()
        .map(|one| (allocation(tx, setting.company_id, one, on), *one))
        .collect();
    let posts: Vec<PostEntry> = rows
        .iter()
        .filter_map(|(row, one)| exchange(setting, items.get(&one.charge)?, row, one, on))
        .collect();
    let entries = ledger::entry::post_all(tx, &posts).await?;
    let entries: HashMap<uuid::Uuid, EntryId> = entries
        .into_iter()
        .map(|entry| (entry.source_id, entry.id))
        .collect();
    Ok(rows
        .into_iter()
        .map(|(row, _)| Allocation {
            entry_id: entries.get(&row.id.0).copied(),
            ..row
        })
        .collect())
}

fn allocation(tx: &Tx, company: CompanyId, one: &Settled, on: NaiveDate) -> Allocation {
    Allocation {
        organisation_id: tx.organisation(),
        id: AllocationId::generate(),
        company_id: company,
        charge_id: one.charge,
        credit_id: one.credit,
        allocated_on: Date(on),
        amount: Dec(one.amount),
        charge_company: Dec(one.charge_company),
        credit_company: Dec(one.credit_company),
        entry_id: None,
        created_at: tx.now(),
    }
}

/// The entry of an exchange difference: it moves the books alone, no amount of the document.
fn exchange(
    setting: &FinanceSetting,
    charge: &OpenItem,
    row: &Allocation,
    one: &Settled,
    on: NaiveDate,
) -> Option<PostEntry> {
    let difference = one.difference();
    if difference.is_zero() {
        return None;
    }
    // The control account still shows the difference; this takes it away.
    let control = -difference * Decimal::from(charge.side.sign());
    let result = if control.is_sign_negative() {
        &setting.exchange_loss_account
    } else {
        &setting.exchange_gain_account
    };
    let line = |account: &str, amount: Decimal, currency: CurrencyCode| PostLine {
        company_amount: Some(amount),
        ..PostLine::signed(account.to_owned(), Decimal::ZERO, currency)
    };
    Some(PostEntry {
        id: None,
        company: setting.company_id,
        journal: ledger::journal::GENERAL.into(),
        date: on,
        memo: "Diferencia de cambio".to_owned(),
        source: SourceKey::new("finance.allocation", row.id, "exchange"),
        reverses: None,
        lines: vec![
            line(&charge.account_code, control, charge.currency),
            line(result, -control, charge.currency),
        ],
    })
}

fn event(row: &Allocation) -> Event {
    Event::new(
        "finance.open_item.allocated",
        "OpenItem",
        row.charge_id,
        INVOICE_READ,
    )
    .company(row.company_id)
    .set("amount", row.amount)
    .set("credit", row.credit_id)
    .set("allocatedOn", row.allocated_on)
}
