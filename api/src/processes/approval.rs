//! Approvals through the API: a record as somebody prepared it, waiting for others to say yes or
//! no.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use kernel::ids::ApprovalId;
use kernel::{Fault, Money};
use processes::approval::{
    Approval as ApprovalRow, ApprovalFilter, ApprovalSort, ApprovalSortField, ApprovalStatus,
};
use processes::permission::APPROVAL_DECIDE;
use processes::{fault, sentence};

use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::directory::company::Company;
use crate::kernel::audit::{AuditEntry, history};
use crate::node::Node;
use crate::noun;
use crate::permission::Permission;
use crate::processes::decide::{ApprovalDecisionMutations, mutations_of};
use crate::processes::named::{self, NamedUser};
use crate::processes::policy::ApprovalPolicy;
use crate::processes::step::{ApprovalDecision, ApprovalStep, Decidable, Preparer};

noun! {
    /// A request for approval of one record.
    Approval of crate::processes::reach::approvals as ApprovalRow, ApprovalId;
    listed by ApprovalFilter, ApprovalSortField
}

/// What the viewer can do with an approval.
#[derive(SimpleObject)]
pub struct ApprovalViewerCan {
    /// Decide its open step, by their own authority or by what was delegated to them.
    decide: Permission,
}

/// A request for approval of one record.
#[Object]
impl Approval {
    /// The approval.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// What it is about, in the viewer's language.
    async fn title(&self, graph: &Context<'_>) -> Result<String> {
        let call = Call::of(graph)?;
        let (speaker, locale) = (&call.core().speaker, call.context().locale);
        let (key, args) = (&self.0.title_key, &self.0.title_args);
        Ok(sentence::say(speaker, locale, key, args))
    }

    /// The GraphQL type of the record.
    async fn subject_kind(&self) -> &str {
        &self.0.subject_kind
    }

    /// The record; null for those who may not see it.
    async fn subject(&self, graph: &Context<'_>) -> Result<Option<Node>> {
        named::subject(graph, &self.0.subject_kind, self.0.subject_id).await
    }

    /// Its company, if it is one company's; null for those who may not see it.
    async fn company(&self, graph: &Context<'_>) -> Result<Option<Company>> {
        named::company(graph, self.0.company_id).await
    }

    /// What it is about in money.
    async fn amount(&self) -> Option<Money> {
        self.0.money()
    }

    /// The policy that its steps come from; null when the default was taken, and for those who may
    /// not see it.
    async fn policy(&self, graph: &Context<'_>) -> Result<Option<ApprovalPolicy>> {
        Call::of(graph)?.load_some(self.0.policy_id).await
    }

    /// Where it stands.
    async fn status(&self) -> ApprovalStatus {
        self.0.status
    }

    /// The position of the open step, or of the one that closed it.
    async fn current_step(&self) -> i32 {
        self.0.current_step
    }

    /// Its steps in order, 20 at most.
    async fn steps(&self, graph: &Context<'_>) -> Result<Vec<ApprovalStep>> {
        Call::of(graph)?.parts(self.0.id).await
    }

    /// The decisions on it, the oldest first, 20 a step at most.
    async fn decisions(&self, graph: &Context<'_>) -> Result<Vec<ApprovalDecision>> {
        Call::of(graph)?.parts(self.0.id).await
    }

    /// Who prepared the record and therefore never approves it.
    async fn preparers(&self, graph: &Context<'_>) -> Result<Vec<NamedUser>> {
        let preparers = Call::of(graph)?.parts::<Preparer>(self.0.id).await?;
        Ok(preparers
            .into_iter()
            .map(|preparer| NamedUser(preparer.0))
            .collect())
    }

    /// Who asked, if it was a person.
    async fn requested_by(&self) -> Option<NamedUser> {
        self.0.requested_by.map(NamedUser)
    }

    /// When they asked.
    async fn requested_at(&self) -> DateTime<Utc> {
        self.0.requested_at
    }

    /// When the open step has to be decided.
    async fn due_at(&self) -> Option<DateTime<Utc>> {
        self.0.due_at
    }

    /// When it was closed.
    async fn closed_at(&self) -> Option<DateTime<Utc>> {
        self.0.closed_at
    }

    /// The mutations that decide it: some records are decided by mutations of their own.
    async fn decision_mutations(&self) -> ApprovalDecisionMutations {
        mutations_of(&self.0.subject_kind)
    }

    /// What the viewer can do with it.
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<ApprovalViewerCan> {
        let call = Call::of(graph)?;
        let decidable = call.parts::<Decidable>(self.0.id).await?;
        let decide = match decidable.is_empty() {
            true => Permission::refused(call, &self.refusal(call).await?),
            false => Permission::allowed(),
        };
        Ok(ApprovalViewerCan { decide })
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

impl Approval {
    /// Why somebody who can't decide can't.
    async fn refusal(&self, call: &Call) -> Result<Fault> {
        if self.0.status != ApprovalStatus::Open {
            let closed = Fault::not_allowed(fault::APPROVAL_CLOSED);
            return Ok(closed.with("status", self.0.status));
        }
        let Some(me) = call.actor().principal.user() else {
            return Ok(fault::forbidden(fault::ONLY_PEOPLE_DECIDE));
        };
        if !call.actor().may(APPROVAL_DECIDE) {
            let lacking = fault::forbidden("kernel.forbidden");
            return Ok(lacking.with("permission", APPROVAL_DECIDE));
        }
        let preparers = call.parts::<Preparer>(self.0.id).await?;
        if preparers.iter().any(|preparer| preparer.0 == me) {
            return Ok(fault::forbidden(fault::PREPARED_BY_YOU));
        }
        let steps = call.parts::<ApprovalStep>(self.0.id).await?;
        let open = steps
            .iter()
            .find(|step| step.0.position == self.0.current_step);
        let decisions = call.parts::<ApprovalDecision>(self.0.id).await?;
        let mine = |decision: &ApprovalDecision| {
            let (row, hand) = (&decision.0, Some(me));
            open.is_some_and(|step| step.0.id == row.step_id)
                && (Some(row.decided_by) == hand || row.on_behalf_of == hand)
        };
        Ok(match decisions.iter().any(mine) {
            true => Fault::conflict(fault::ALREADY_DECIDED),
            false => fault::forbidden(fault::NOT_DECIDER),
        })
    }
}

/// Looks at approvals.
#[derive(Default)]
pub struct ApprovalQuery;

#[Object]
impl ApprovalQuery {
    /// An approval.
    async fn approval(&self, graph: &Context<'_>, id: ApprovalId) -> Result<Option<Approval>> {
        find(graph, id).await
    }

    /// Approvals: those in one's scope by `processes.approval.read`, those that wait for one's own
    /// decision, and those that one asked for, prepared or decided.
    async fn approvals(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<ApprovalFilter>,
        sort: Option<ApprovalSort>,
        search: Option<String>,
    ) -> Result<Connection<Approval>> {
        connect(
            graph,
            Slice::new(first, after, last, before).of(filter, sort, search),
        )
        .await
    }
}
