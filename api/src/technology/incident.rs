//! Incidents through the API: what went wrong, and what was done about it.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use futures::future::FutureExt;
use kernel::Fault;
use kernel::ids::IncidentId;
use processes::sentence;
use technology::check::IncidentSeverity;
use technology::fault;
use technology::incident::{
    self, Incident as IncidentRow, IncidentAcknowledgeInput, IncidentAssignInput, IncidentFilter,
    IncidentNoteAddInput, IncidentOpenInput, IncidentReopenInput, IncidentResolveInput,
    IncidentSort, IncidentSortField, IncidentStatus,
};
use technology::permission::INCIDENT_MANAGE;

use crate::act::act;
use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::directory::attachment::attachments;
use crate::directory::file::File;
use crate::kernel::audit::{AuditEntry, history};
use crate::permission::Permission;
use crate::processes::named::NamedUser;
use crate::technology::check::SystemCheck;
use crate::technology::note::IncidentNote;
use crate::technology::system::System;
use crate::{noun, payload};

noun! {
    /// Something that went wrong.
    Incident of crate::technology::reach::incidents as IncidentRow, IncidentId;
    listed by IncidentFilter, IncidentSortField
}

/// What the viewer may do with an incident.
#[derive(SimpleObject)]
pub struct IncidentViewerCan {
    /// Take it on.
    acknowledge: Permission,
    /// Give it to somebody.
    assign: Permission,
    /// Say something about it.
    add_note: Permission,
    /// Resolve it.
    resolve: Permission,
    /// Reopen it.
    reopen: Permission,
}

/// Something that went wrong with a system, from its beginning to its end.
#[Object]
impl Incident {
    /// The incident.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// Its number in the company.
    async fn number(&self) -> &str {
        &self.0.number
    }

    /// The system; null when the viewer may not see it.
    async fn system(&self, graph: &Context<'_>) -> Result<Option<System>> {
        Call::of(graph)?.load(self.0.system_id).await
    }

    /// The check that opened it; null when a person did, or the viewer may not see it.
    async fn system_check(&self, graph: &Context<'_>) -> Result<Option<SystemCheck>> {
        Call::of(graph)?.load_some(self.0.check_id).await
    }

    /// What it is about: a person's words, or what the check last found, in the viewer's language.
    async fn cause(&self, graph: &Context<'_>) -> Result<String> {
        let call = Call::of(graph)?;
        let (speaker, locale) = (&call.core().speaker, call.context().locale);
        let cause = self.0.cause();
        Ok(sentence::say(speaker, locale, &cause.key, &cause.args))
    }

    /// What the check last found, as a stable reason; null when a person opened it.
    async fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// How bad it is.
    async fn severity(&self) -> IncidentSeverity {
        self.0.severity
    }

    /// Where it stands.
    async fn status(&self) -> IncidentStatus {
        self.0.status
    }

    /// Failures of the check so far.
    async fn failures(&self) -> i32 {
        self.0.failures
    }

    /// When it began: the first failure, or what the person says.
    async fn began_at(&self) -> DateTime<Utc> {
        self.0.began_at
    }

    /// When it was opened.
    async fn opened_at(&self) -> DateTime<Utc> {
        self.0.opened_at
    }

    /// Who opened it; null when a check did.
    async fn opened_by(&self) -> Option<NamedUser> {
        self.0.opened_by.map(NamedUser)
    }

    /// When somebody took it on.
    async fn acknowledged_at(&self) -> Option<DateTime<Utc>> {
        self.0.acknowledged_at
    }

    /// Who took it on.
    async fn acknowledged_by(&self) -> Option<NamedUser> {
        self.0.acknowledged_by.map(NamedUser)
    }

    /// Who works on it.
    async fn assignee(&self) -> Option<NamedUser> {
        self.0.assignee_id.map(NamedUser)
    }

    /// When it was resolved.
    async fn resolved_at(&self) -> Option<DateTime<Utc>> {
        self.0.resolved_at
    }

    /// Who resolved it; null when its check recovered.
    async fn resolved_by(&self) -> Option<NamedUser> {
        self.0.resolved_by.map(NamedUser)
    }

    /// How it was resolved.
    async fn resolution(&self) -> Option<&str> {
        self.0.resolution.as_deref()
    }

    /// What was done and said about it, in order; a thousand notes at most.
    async fn timeline(&self, graph: &Context<'_>) -> Result<Vec<IncidentNote>> {
        Call::of(graph)?.parts(self.0.id).await
    }

    /// Its version, for `expectedVersion`.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// What the viewer may do with it.
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<IncidentViewerCan> {
        let call = Call::of(graph)?;
        let company = Some(self.0.company_id);
        let only = |fits: bool| {
            if fits {
                return Permission::held(call, INCIDENT_MANAGE, |it| it.covers(company, None));
            }
            Permission::refused(call, &Fault::not_allowed(fault::INCIDENT_STATE))
        };
        let over = self.0.is_resolved();
        Ok(IncidentViewerCan {
            acknowledge: only(self.0.status == IncidentStatus::Open),
            assign: only(!over),
            add_note: only(true),
            resolve: only(!over),
            reopen: only(over),
        })
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

payload! {
    /// What opening an incident gives.
    IncidentOpenPayload {
        /// The incident.
        incident: Incident
    }
    /// What taking an incident on gives.
    IncidentAcknowledgePayload {
        /// The incident.
        incident: Incident
    }
    /// What giving an incident to somebody gives.
    IncidentAssignPayload {
        /// The incident.
        incident: Incident
    }
    /// What saying something about an incident gives.
    IncidentNoteAddPayload {
        /// The incident.
        incident: Incident
    }
    /// What resolving an incident gives.
    IncidentResolvePayload {
        /// The incident.
        incident: Incident
    }
    /// What reopening an incident gives.
    IncidentReopenPayload {
        /// The incident.
        incident: Incident
    }
}

/// Looks at incidents.
#[derive(Default)]
pub struct IncidentQuery;

#[Object]
impl IncidentQuery {
    /// An incident. Needs `technology.incident.read`.
    async fn incident(&self, graph: &Context<'_>, id: IncidentId) -> Result<Option<Incident>> {
        find(graph, id).await
    }

    /// Incidents, the latest first. Needs `technology.incident.read`.
    async fn incidents(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<IncidentFilter>,
        sort: Option<IncidentSort>,
        search: Option<String>,
    ) -> Result<Connection<Incident>> {
        let slice = Slice::new(first, after, last, before);
        connect(graph, slice.of(filter, sort, search)).await
    }
}

/// Acts on incidents.
#[derive(Default)]
pub struct IncidentMutation;

#[Object]
impl IncidentMutation {
    /// Opens an incident by hand. Needs `technology.incident.manage`.
    async fn incident_open(
        &self,
        graph: &Context<'_>,
        input: IncidentOpenInput,
    ) -> Result<IncidentOpenPayload> {
        act(graph, false, |tx| {
            async move { Ok(Incident(incident::open(tx, input).await?)) }.boxed()
        })
        .await
    }

    /// Takes an incident on. Needs `technology.incident.manage`.
    async fn incident_acknowledge(
        &self,
        graph: &Context<'_>,
        input: IncidentAcknowledgeInput,
    ) -> Result<IncidentAcknowledgePayload> {
        act(graph, false, |tx| {
            async move { Ok(Incident(incident::acknowledge(tx, input).await?)) }.boxed()
        })
        .await
    }

    /// Gives an incident to somebody, who is told. Needs `technology.incident.manage`.
    async fn incident_assign(
        &self,
        graph: &Context<'_>,
        input: IncidentAssignInput,
    ) -> Result<IncidentAssignPayload> {
        act(graph, false, |tx| {
            async move { Ok(Incident(incident::assign(tx, input).await?)) }.boxed()
        })
        .await
    }

    /// Says something about an incident. Needs `technology.incident.manage`.
    async fn incident_note_add(
        &self,
        graph: &Context<'_>,
        input: IncidentNoteAddInput,
    ) -> Result<IncidentNoteAddPayload> {
        act(graph, false, |tx| {
            async move { Ok(Incident(incident::add_note(tx, input).await?)) }.boxed()
        })
        .await
    }

    /// Resolves an incident; its check begins to count anew. Needs `technology.incident.manage`.
    async fn incident_resolve(
        &self,
        graph: &Context<'_>,
        input: IncidentResolveInput,
    ) -> Result<IncidentResolvePayload> {
        act(graph, false, |tx| {
            async move { Ok(Incident(incident::resolve(tx, input).await?)) }.boxed()
        })
        .await
    }

    /// Reopens an incident that was not over after all. Needs `technology.incident.manage`.
    async fn incident_reopen(
        &self,
        graph: &Context<'_>,
        input: IncidentReopenInput,
    ) -> Result<IncidentReopenPayload> {
        act(graph, false, |tx| {
            async move { Ok(Incident(incident::reopen(tx, input).await?)) }.boxed()
        })
        .await
    }
}
