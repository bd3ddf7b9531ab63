//! Findings through the API: a breach of a rule by one subject.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use compliance::fault;
use compliance::finding::{
    self, Finding as FindingRow, FindingComment as CommentRow, FindingFilter, FindingSort,
    FindingSortField, FindingStatus,
};
use compliance::permission::FINDING_MANAGE;
use compliance::rule::{self, Severity};
use futures::FutureExt;
use futures::future::BoxFuture;
use kernel::ids::{FindingId, TaskId};
use kernel::{Date, Fault, Tx};

use crate::call::Call;
use crate::compliance::acceptance::{Acceptance, OfFinding};
use crate::compliance::evidence::{self, FindingEvidence};
use crate::compliance::reach::none_if_denied;
use crate::compliance::rule::ComplianceRule;
use crate::connection::{Connection, Rows, Slice, connect, find};
use crate::directory::attachment::attachments;
use crate::directory::company::Company;
use crate::directory::file::File;
use crate::kernel::audit::{AuditEntry, history};
use crate::loader::Part;
use crate::node::Node;
use crate::noun;
use crate::permission::Permission;
use crate::processes::named::{self, NamedUser};
use crate::processes::task::Task;
use crate::whole::connection;

noun! {
    /// A breach of a rule by one subject.
    Finding of crate::compliance::reach::findings as FindingRow, FindingId;
    listed by FindingFilter, FindingSortField
}

/// What the viewer can do with a finding.
#[derive(SimpleObject)]
pub struct FindingViewerCan {
    /// Give it to somebody.
    assign: Permission,
    /// Propose to live with it.
    accept: Permission,
    /// Say something about it.
    comment: Permission,
}

/// A breach of a rule by one subject: opened once with its evidence, closed when its cause is gone,
/// reopened with a higher count.
#[Object]
impl Finding {
    /// The finding.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// The rule; null for those who may not see rules, and when the program no longer has it.
    async fn rule(&self, graph: &Context<'_>) -> Result<Option<ComplianceRule>> {
        Call::of(graph)?
            .load(rule::id_of(self.0.organisation_id, &self.0.rule_key))
            .await
    }

    /// The key of the rule.
    async fn rule_key(&self) -> &str {
        &self.0.rule_key
    }

    /// What the rule is called, in the viewer's language.
    async fn title(&self, graph: &Context<'_>) -> Result<String> {
        let locale = Call::of(graph)?.context().locale;
        let rule = rule::find_key(&self.0.rule_key).ok().flatten();
        Ok(rule.map_or_else(
            || self.0.rule_key.clone(),
            |rule| rule.title.of(locale).to_owned(),
        ))
    }

    /// What it means and how to mend it, in the viewer's language.
    async fn explanation(&self, graph: &Context<'_>) -> Result<Option<String>> {
        let locale = Call::of(graph)?.context().locale;
        let rule = rule::find_key(&self.0.rule_key).ok().flatten();
        Ok(rule.map(|rule| rule.explanation.of(locale).to_owned()))
    }

    /// Where it stands.
    async fn status(&self) -> FindingStatus {
        self.0.status
    }

    /// How grave it is.
    async fn severity(&self) -> Severity {
        self.0.severity
    }

    /// The GraphQL type of the record that it is about.
    async fn subject_kind(&self) -> &str {
        &self.0.subject_kind
    }

    /// The record that it is about; null for those who may not see it.
    async fn subject(&self, graph: &Context<'_>) -> Result<Option<Node>> {
        named::subject(graph, &self.0.subject_kind, self.0.subject_id).await
    }

    /// What that record was called when it was last seen.
    async fn subject_name(&self) -> &str {
        &self.0.subject_name
    }

    /// Its company; null for none, and for those who may not see it.
    async fn company(&self, graph: &Context<'_>) -> Result<Option<Company>> {
        named::company(graph, self.0.company_id).await
    }

    /// The evidence, in the order of the rule.
    async fn evidence(&self, graph: &Context<'_>) -> Result<Vec<FindingEvidence>> {
        Ok(evidence::shown(Call::of(graph)?, &self.0))
    }

    /// How often it came up.
    async fn occurrences(&self) -> i32 {
        self.0.occurrences
    }

    /// When it was seen for the first time.
    async fn first_seen_at(&self) -> DateTime<Utc> {
        self.0.first_seen_at
    }

    /// When a scan last saw it.
    async fn last_seen_at(&self) -> DateTime<Utc> {
        self.0.last_seen_at
    }

    /// When it was opened the last time.
    async fn opened_at(&self) -> DateTime<Utc> {
        self.0.opened_at
    }

    /// When its cause was gone.
    async fn closed_at(&self) -> Option<DateTime<Utc>> {
        self.0.closed_at
    }

    /// Until which day it is accepted, inclusive.
    async fn accepted_until_date(&self) -> Option<Date> {
        self.0.accepted_until
    }

    /// Who works it off.
    async fn assignee(&self) -> Option<NamedUser> {
        self.0.assignee_id.map(NamedUser)
    }

    /// The task that it made last; null for none, and for those who may not see it.
    async fn task(&self, graph: &Context<'_>) -> Result<Option<Task>> {
        let call = Call::of(graph)?;
        let tasks = call.parts::<TaskOf>(self.0.id).await?;
        call.load_some(tasks.first().map(|task| task.0)).await
    }

    /// Proposals to live with it, granted ones and others, the newest first.
    async fn acceptances(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<Acceptance>> {
        let call = Call::of(graph)?;
        let rows = call.parts::<OfFinding>(self.0.id).await?;
        let rows = rows
            .into_iter()
            .map(|OfFinding(row)| (row.0.id.to_string(), row));
        connection(
            call,
            rows.collect(),
            &Slice::new(first, after, last, before),
        )
    }

    /// What was said about it, the oldest first.
    async fn comments(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Rows<FindingComment>> {
        let call = Call::of(graph)?;
        let rows = call.parts::<FindingComment>(self.0.id).await?;
        let rows = rows.into_iter().map(|row| (row.0.id.to_string(), row));
        connection(
            call,
            rows.collect(),
            &Slice::new(first, after, last, before),
        )
    }

    /// What the viewer can do with it.
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<FindingViewerCan> {
        let call = Call::of(graph)?;
        let manages = || {
            Permission::held(call, FINDING_MANAGE, |scope| {
                scope.covers(self.0.company_id, None)
            })
        };
        let own =
            self.0.assignee_id.is_some() && self.0.assignee_id == call.actor().principal.user();
        let alive = match self.0.status {
            FindingStatus::Closed => {
                Permission::refused(call, &Fault::not_allowed(fault::FINDING_CLOSED))
            }
            _ => Permission::allowed(),
        };
        let open = match self.0.status {
            FindingStatus::Accepted => {
                let until = self.0.accepted_until.map(|day| day.0.to_string());
                let refused = Fault::not_allowed(fault::FINDING_ACCEPTED);
                Permission::refused(call, &refused.with("until", until.unwrap_or_default()))
            }
            _ => alive.clone(),
        };
        Ok(FindingViewerCan {
            assign: alive.and(manages),
            accept: open.and(manages),
            comment: if own {
                Permission::allowed()
            } else {
                manages()
            },
        })
    }

    /// The fields that the viewer may not see, as `evidence.<name>`.
    async fn redacted_fields(&self, graph: &Context<'_>) -> Result<Vec<String>> {
        let evidence = evidence::shown(Call::of(graph)?, &self.0);
        let hidden = evidence.iter().filter(|piece| piece.is_redacted);
        Ok(hidden.map(|it| format!("evidence.{}", it.name)).collect())
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

    /// Its version, for `expectedVersion`.
    async fn version(&self) -> i32 {
        self.0.version
    }
}

/// What somebody said about a finding.
#[derive(Clone, Debug)]
pub struct FindingComment(CommentRow);

/// What somebody said about a finding. It never changes.
#[Object]
impl FindingComment {
    /// What they said: plain text.
    async fn text(&self) -> &str {
        &self.0.text
    }

    /// Who said it; null for an automation.
    async fn author(&self) -> Option<NamedUser> {
        self.0.author_id.map(NamedUser)
    }

    /// The name of who said it, as it was then.
    async fn author_name(&self) -> &str {
        &self.0.author_name
    }

    /// When.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
}

impl Part for FindingComment {
    type Of = FindingId;

    fn of<'t>(
        tx: &'t mut Tx,
        ids: &'t [FindingId],
    ) -> BoxFuture<'t, kernel::Result<Vec<(FindingId, Self)>>> {
        async move {
            let rows = none_if_denied(finding::comments_of(tx, ids).await)?;
            Ok(rows
                .into_iter()
                .map(|row| (row.finding_id, Self(row)))
                .collect())
        }
        .boxed()
    }
}

/// The newest task about a finding.
#[derive(Clone, Copy, Debug)]
struct TaskOf(TaskId);

impl Part for TaskOf {
    type Of = FindingId;

    fn of<'t>(
        tx: &'t mut Tx,
        ids: &'t [FindingId],
    ) -> BoxFuture<'t, kernel::Result<Vec<(FindingId, Self)>>> {
        async move {
            let subjects: Vec<_> = ids.iter().map(|id| id.0).collect();
            let tasks = processes::task::of_subjects(tx, "Finding", &subjects).await?;
            let found = tasks.into_iter().filter_map(|task| {
                let subject = task.subject_id?;
                Some((FindingId(subject), Self(task.id)))
            });
            Ok(found.collect())
        }
        .boxed()
    }
}

/// Looks at findings.
#[derive(Default)]
pub struct FindingQuery;

#[Object]
impl FindingQuery {
    /// A finding. Needs `compliance.finding.read` in its company, or to work it off.
    async fn finding(&self, graph: &Context<'_>, id: FindingId) -> Result<Option<Finding>> {
        find(graph, id).await
    }

    /// Findings: those in one's scope by `compliance.finding.read`, and those that one works off.
    async fn findings(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<FindingFilter>,
        sort: Option<FindingSort>,
        search: Option<String>,
    ) -> Result<Connection<Finding>> {
        let slice = Slice::new(first, after, last, before);
        connect(graph, slice.of(filter, sort, search)).await
    }
}
