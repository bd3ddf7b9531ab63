//! Movements of stock through the API.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use inventory::movement::{
    Movement as MovementRow, MovementFilter, MovementKind, MovementSort, MovementSortField,
};
use inventory::permission::STOCK_ADJUST;
use kernel::ids::MovementId;
use kernel::{Date, Fault, Money, Tx};

use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::directory::attachment::attachments;
use crate::directory::company::Company;
use crate::directory::file::File;
use crate::directory::party::Party;
use crate::inventory::movement_line::{MovementLine, lines_of};
use crate::inventory::reach;
use crate::kernel::audit::{AuditEntry, history};
use crate::ledger::entry::Entry;
use crate::loader::{Part, Parts};
use crate::noun;
use crate::permission::Permission;

noun! {
    /// What came, went, moved, was counted or returned.
    Movement of inventory::movement as MovementRow, MovementId;
    listed by MovementFilter, MovementSortField
}

/// What the viewer may do with a movement.
#[derive(SimpleObject)]
pub struct MovementViewerCan {
    /// Reverse it. What was used since is checked when it is done.
    reverse: Permission,
}

/// A movement that reverses another.
#[derive(Clone)]
struct Reversal(Movement);

impl Part for Reversal {
    type Of = MovementId;

    fn of<'t>(tx: &'t mut Tx, ids: &'t [MovementId]) -> Parts<'t, MovementId, Self> {
        Box::pin(async move {
            let rows = inventory::movement::reversals_of(tx, ids).await?;
            let placed = |row: MovementRow| Some((row.reverses_id?, Self(Movement(row))));
            Ok(rows.into_iter().filter_map(placed).collect())
        })
    }
}

/// What came, went, moved, was counted or returned; never edited, reversed by another movement.
#[Object]
impl Movement {
    /// The movement.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// The company. Needs `directory.company.read`.
    async fn company(&self, graph: &Context<'_>) -> Result<Option<Company>> {
        reach::company(graph, self.0.company_id).await
    }

    /// Its number, gap-free in the company's year.
    async fn number(&self) -> &str {
        &self.0.number
    }

    /// What it does.
    async fn kind(&self) -> MovementKind {
        self.0.kind
    }

    /// The day it belongs to.
    async fn moved_on(&self) -> Date {
        self.0.moved_on
    }

    /// What it is called elsewhere: a delivery note, an order.
    async fn reference(&self) -> Option<&str> {
        self.0.reference.as_deref()
    }

    /// Why.
    async fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// The supplier or customer. Needs `directory.party.read`.
    async fn party(&self, graph: &Context<'_>) -> Result<Option<Party>> {
        Call::of(graph)?.load_some(self.0.party_id).await
    }

    /// The kind of record that it comes from, as in `inventory.purchase_order`.
    async fn source_kind(&self) -> Option<&str> {
        self.0.source_kind.as_deref()
    }

    /// Its lines, in their order.
    async fn lines(&self, graph: &Context<'_>) -> Result<Vec<MovementLine>> {
        lines_of(Call::of(graph)?, &self.0).await
    }

    /// What it adds to the value of stock; below zero when it takes. Needs `inventory.cost.read`.
    async fn value(&self, graph: &Context<'_>) -> Result<Option<Money>> {
        reach::worth(graph, self.0.company_id, self.0.value.0.normalize()).await
    }

    /// Its entry in the books; null when it changes no value. Needs `ledger.entry.read`.
    async fn entry(&self, graph: &Context<'_>) -> Result<Option<Entry>> {
        Call::of(graph)?.load_some(self.0.entry_id).await
    }

    /// The movement that it reverses.
    async fn reverses(&self, graph: &Context<'_>) -> Result<Option<Movement>> {
        Call::of(graph)?.load_some(self.0.reverses_id).await
    }

    /// The movement that reverses it.
    async fn reversed_by(&self, graph: &Context<'_>) -> Result<Option<Movement>> {
        self.reversal(Call::of(graph)?).await
    }

    /// When it was recorded.
    async fn recorded_at(&self) -> DateTime<Utc> {
        self.0.recorded_at
    }

    /// The fields that are closed to the viewer.
    async fn redacted_fields(&self, graph: &Context<'_>) -> Result<Vec<&'static str>> {
        reach::redacted(graph, self.0.company_id, &["value"])
    }

    /// What the viewer may do with it.
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<MovementViewerCan> {
        let call = Call::of(graph)?;
        let undone = self.0.reverses_id.is_some() || self.reversal(call).await?.is_some();
        let company = Some(self.0.company_id);
        let held = Permission::held(call, STOCK_ADJUST, |scope| scope.covers(company, None));
        let reverse = held.and(|| match undone {
            true => {
                let fault = Fault::conflict(inventory::fault::REVERSED_ALREADY);
                Permission::refused(call, &fault)
            }
            false => Permission::allowed(),
        });
        Ok(MovementViewerCan { reverse })
    }

    /// The files attached to it, the latest first; who sees it sees them.
    async fn attachments(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<File>> {
        let slice = Slice::new(first, after, last, before);
        attachments::<Self>(graph, self.0.id, slice).await
    }

    /// What happened to it.
    async fn history(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<AuditEntry>> {
        history(graph, self.0.id.0, Slice::new(first, after, last, before)).await
    }
}

impl Movement {
    async fn reversal(&self, call: &Call) -> Result<Option<Self>> {
        if !reach::sees_stock(call, self.0.company_id) {
            return Ok(None);
        }
        let found: Vec<Reversal> = call.parts(self.0.id).await?;
        Ok(found.into_iter().next().map(|Reversal(movement)| movement))
    }
}

/// Looks at movements.
#[derive(Default)]
pub struct MovementQuery;

#[Object]
impl MovementQuery {
    /// A movement. Needs `inventory.stock.read`.
    async fn movement(&self, graph: &Context<'_>, id: MovementId) -> Result<Option<Movement>> {
        find(graph, id).await
    }

    /// Movements. Needs `inventory.stock.read`.
    async fn movements(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<MovementFilter>,
        sort: Option<MovementSort>,
        search: Option<String>,
    ) -> Result<Connection<Movement>> {
        let slice = Slice::new(first, after, last, before);
        connect(graph, slice.of(filter, sort, search)).await
    }
}
