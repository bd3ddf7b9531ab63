//! Acceptances through the API: living with a finding, for a reason and a time.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use compliance::acceptance::{self, Acceptance as AcceptanceRow, AcceptanceStatus};
use compliance::fault;
use compliance::permission::FINDING_ACCEPT;
use futures::FutureExt;
use futures::future::BoxFuture;
use kernel::ids::{AcceptanceId, FindingId};
use kernel::{Date, Fault, Tx};

use crate::call::Call;
use crate::compliance::finding::Finding;
use crate::compliance::reach::none_if_denied;
use crate::connection::{Connection, Slice};
use crate::kernel::audit::{AuditEntry, history};
use crate::loader::Part;
use crate::noun;
use crate::permission::Permission;
use crate::processes::approval::Approval;
use crate::processes::named::NamedUser;

noun! {
    /// Living with a finding.
    Acceptance of crate::compliance::reach::acceptances as AcceptanceRow, AcceptanceId
}

/// What the viewer can do with an acceptance.
#[derive(SimpleObject)]
pub struct AcceptanceViewerCan {
    /// Grant or refuse it.
    decide: Permission,
}

/// Living with a finding, for a reason and a time: one proposes, another grants.
#[Object]
impl Acceptance {
    /// The acceptance.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// The finding.
    async fn finding(&self, graph: &Context<'_>) -> Result<Option<Finding>> {
        Call::of(graph)?.load(self.0.finding_id).await
    }

    /// Why people live with it.
    async fn reason(&self) -> &str {
        &self.0.reason
    }

    /// Until which day, inclusive.
    async fn expires_on(&self) -> Date {
        self.0.expires_on
    }

    /// Where it stands.
    async fn status(&self) -> AcceptanceStatus {
        self.0.status
    }

    /// The approval by which a second person decides it; null for those who may not see it.
    async fn approval(&self, graph: &Context<'_>) -> Result<Option<Approval>> {
        Call::of(graph)?.load_some(self.0.approval_id).await
    }

    /// Who proposed it.
    async fn proposed_by(&self) -> NamedUser {
        NamedUser(self.0.proposed_by)
    }

    /// When they did.
    async fn proposed_at(&self) -> DateTime<Utc> {
        self.0.proposed_at
    }

    /// Who granted or refused it.
    async fn decided_by(&self) -> Option<NamedUser> {
        self.0.decided_by.map(NamedUser)
    }

    /// When they did.
    async fn decided_at(&self) -> Option<DateTime<Utc>> {
        self.0.decided_at
    }

    /// What they said about it.
    async fn comment(&self) -> Option<&str> {
        self.0.comment.as_deref()
    }

    /// What the viewer can do with it.
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<AcceptanceViewerCan> {
        let call = Call::of(graph)?;
        let decide = match self.0.status {
            AcceptanceStatus::Proposed if self.is_own(call) => {
                let own = processes::fault::forbidden(fault::ACCEPTANCE_OWN);
                Permission::refused(call, &own)
            }
            AcceptanceStatus::Proposed => Permission::held(call, FINDING_ACCEPT, |scope| {
                scope.covers(self.0.company_id, None)
            }),
            status => {
                let decided = Fault::not_allowed(fault::ACCEPTANCE_DECIDED);
                Permission::refused(call, &decided.with("status", status))
            }
        };
        Ok(AcceptanceViewerCan { decide })
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

    /// Its version, for `expectedVersion`.
    async fn version(&self) -> i32 {
        self.0.version
    }
}

impl Acceptance {
    fn is_own(&self, call: &Call) -> bool {
        call.actor().principal.user() == Some(self.0.proposed_by)
    }
}

/// An acceptance of a finding.
#[derive(Clone, Debug)]
pub struct OfFinding(pub Acceptance);

impl Part for OfFinding {
    type Of = FindingId;

    fn of<'t>(
        tx: &'t mut Tx,
        ids: &'t [FindingId],
    ) -> BoxFuture<'t, kernel::Result<Vec<(FindingId, Self)>>> {
        async move {
            let rows = none_if_denied(acceptance::of_findings(tx, ids).await)?;
            Ok(rows
                .into_iter()
                .map(|row| (row.finding_id, Self(Acceptance(row))))
                .collect())
        }
        .boxed()
    }
}
