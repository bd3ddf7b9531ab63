//! The audit trail through the API: the whole for auditors, the history of a record for those who
//! see the record.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use kernel::event::{self, AuditEntryFilter, AuditEntrySort, AuditEntrySortField, EventRow};
use kernel::ids::EventId;
use uuid::Uuid;

use crate::call::Call;
use crate::connection::{Connection, Listing, Slice, connect};
use crate::noun;

noun! {
    /// An entry of the audit trail.
    AuditEntry of kernel::event as EventRow, EventId;
    listed by AuditEntryFilter, AuditEntrySortField
}

/// A change of one field. Values are JSON text; both are null where the caller may not see them.
#[derive(SimpleObject)]
pub struct FieldChange {
    /// The field, in the words of the API.
    name: String,
    /// What it was.
    before: Option<String>,
    /// What it is now.
    after: Option<String>,
}

/// An entry of the audit trail: who did what to which record, and when. It never changes.
#[Object]
impl AuditEntry {
    /// The entry.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// When it happened.
    async fn at(&self) -> DateTime<Utc> {
        self.0.at
    }

    /// What happened, `domain.noun.verbed`.
    async fn action(&self) -> &str {
        &self.0.action
    }

    /// Who did it, by the name they had.
    async fn actor_name(&self) -> &str {
        &self.0.actor_name
    }

    /// Whether a person (`user`), an automation (`api_key`) or Trastienda itself (`system`).
    async fn actor_kind(&self) -> &str {
        &self.0.actor_kind
    }

    /// The GraphQL type of the record.
    async fn subject_kind(&self) -> &str {
        &self.0.subject_kind
    }

    /// The fields that changed.
    async fn changes(&self, graph: &Context<'_>) -> Result<Vec<FieldChange>> {
        let text = |value: Option<serde_json::Value>| value.map(|value| value.to_string());
        let changes = self.0.visible_changes(Call::of(graph)?.actor());
        Ok(changes
            .into_iter()
            .map(|change| FieldChange {
                name: change.field,
                before: text(change.from),
                after: text(change.to),
            })
            .collect())
    }

    /// The request or job run that did it.
    async fn request_id(&self) -> String {
        self.0.request_id.to_string()
    }

    /// The idempotency key of the request.
    async fn idempotency_key(&self) -> Option<&str> {
        self.0.idempotency_key.as_deref()
    }
}

/// The history of one record, for a record that the caller was shown.
pub async fn history(
    graph: &Context<'_>,
    subject: Uuid,
    slice: Slice,
) -> Result<Connection<AuditEntry>> {
    let request = slice.of(None, None::<AuditEntrySort>, None);
    let counted = request.clone();
    let call = Call::of(graph)?;
    let page = call
        .read(move |tx| Box::pin(event::history(tx, subject, request)))
        .await?
        .map(AuditEntry);
    let count = Arc::new(move |call: Call| -> BoxFuture<'static, Result<i64>> {
        let request = counted.clone();
        Box::pin(async move {
            call.read(move |tx| Box::pin(event::history_count(tx, subject, request)))
                .await
        })
    });
    Ok(Listing::new(page, count).into())
}

/// Looks at the audit trail.
#[derive(Default)]
pub struct AuditQuery;

#[Object]
impl AuditQuery {
    /// The audit trail. Needs `kernel.audit.read`.
    async fn audit_entries(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<AuditEntryFilter>,
        sort: Option<AuditEntrySort>,
        search: Option<String>,
    ) -> Result<Connection<AuditEntry>> {
        connect(
            graph,
            Slice::new(first, after, last, before).of(filter, sort, search),
        )
        .await
    }
}
