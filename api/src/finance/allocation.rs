//! Settlements of what is owed: parts of an open item, no records of their own.

use async_graphql::{Context, Object, Result};
use finance::open_item::{self, Allocation};
use finance::permission::INVOICE_READ;
use futures::future::BoxFuture;
use kernel::ids::OpenItemId;
use kernel::{CurrencyCode, Date, Money, Tx};
use ledger::permission::ENTRY_READ;

use super::open_item::OpenItem;
use crate::directory::link::link;
use crate::ledger::entry::Entry;
use crate::loader::Part;

/// A settlement of something owed by a credit note or a payment.
#[derive(Clone, Debug)]
pub struct OpenItemAllocation {
    row: Allocation,
    /// The other open item.
    other: OpenItemId,
}

impl OpenItemAllocation {
    /// A settlement, seen from one of its two items, in the currency of both.
    pub(super) fn money(&self, currency: CurrencyCode) -> SettledItem {
        SettledItem {
            allocation: self.clone(),
            currency,
        }
    }
}

impl Part for OpenItemAllocation {
    type Of = OpenItemId;

    fn of<'t>(
        tx: &'t mut Tx,
        ids: &'t [OpenItemId],
    ) -> BoxFuture<'t, kernel::Result<Vec<(OpenItemId, Self)>>> {
        Box::pin(async move {
            let rows = open_item::allocations_of(tx, ids).await?;
            let sides = rows.into_iter().flat_map(|row| {
                [
                    (row.charge_id, row.credit_id, row.clone()),
                    (row.credit_id, row.charge_id, row),
                ]
            });
            Ok(sides
                .filter(|(of, _, _)| ids.contains(of))
                .map(|(of, other, row)| (of, Self { row, other }))
                .collect())
        })
    }
}

/// A settlement as one of its items shows it.
#[derive(Clone, Debug)]
pub struct SettledItem {
    allocation: OpenItemAllocation,
    currency: CurrencyCode,
}

/// A settlement of something owed by a credit note or a payment.
#[Object(name = "OpenItemAllocation")]
impl SettledItem {
    /// The day.
    async fn allocated_on(&self) -> Date {
        self.allocation.row.allocated_on
    }

    /// How much.
    async fn amount(&self) -> Money {
        Money::new(self.allocation.row.amount.0, self.currency).rounded()
    }

    /// The item on the other side.
    async fn counterpart(&self, graph: &Context<'_>) -> Result<Option<OpenItem>> {
        link(graph, INVOICE_READ, Some(self.allocation.other)).await
    }

    /// The entry of the exchange difference; null without one, and without `ledger.entry.read`.
    async fn exchange_entry(&self, graph: &Context<'_>) -> Result<Option<Entry>> {
        link(graph, ENTRY_READ, self.allocation.row.entry_id).await
    }
}
