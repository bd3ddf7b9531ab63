//! Mails on their way out through the API: where each stands, and trying one again.

use administration::fault;
use administration::mail::{
    self, Mail as MailRow, MailFilter, MailRetryInput, MailSort, MailSortField, MailStatus,
};
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use futures::FutureExt;
use kernel::Fault;
use kernel::ids::MailId;
use kernel::job::{JOB_MANAGE, JobStatus};

use crate::act::{Payload, act};
use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::failure::UserError;
use crate::kernel::audit::{AuditEntry, history};
use crate::kernel::job::Job;
use crate::node::Node;
use crate::noun;
use crate::permission::Permission;
use crate::processes::named::{self, NamedUser};

noun! {
    /// A mail to one person.
    Mail of administration::mail as MailRow, MailId; listed by MailFilter, MailSortField
}

/// What the viewer may do with a mail.
#[derive(SimpleObject)]
pub struct MailViewerCan {
    /// Have it sent again after it was given up.
    retry: Permission,
}

/// A mail to one person: recorded before it leaves and after.
#[Object]
impl Mail {
    /// The mail.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// The user it goes to.
    async fn user(&self) -> Option<NamedUser> {
        self.0.user_id.map(NamedUser)
    }

    /// The address, as it was when the mail was written.
    async fn address(&self) -> &str {
        &self.0.address
    }

    /// The subject.
    async fn subject(&self) -> &str {
        &self.0.subject
    }

    /// What it says; null for all but whom it goes to.
    async fn text(&self, graph: &Context<'_>) -> Result<Option<&str>> {
        let own = self.is_own(Call::of(graph)?);
        Ok(own.then_some(self.0.body_text.as_str()))
    }

    /// How many files go with it.
    async fn attachment_count(&self) -> i32 {
        i32::try_from(self.0.file_ids.len()).unwrap_or(i32::MAX)
    }

    /// The record that it is about; null when there is none or the viewer may not see it.
    async fn record(&self, graph: &Context<'_>) -> Result<Option<Node>> {
        match (&self.0.subject_kind, self.0.subject_id) {
            (Some(kind), Some(id)) => named::subject(graph, kind, id).await,
            _ => Ok(None),
        }
    }

    /// Where it stands.
    async fn status(&self) -> MailStatus {
        self.0.status
    }

    /// Attempts begun.
    async fn attempts(&self) -> i32 {
        self.0.attempts
    }

    /// What went wrong last, in the words of the server; null once it is sent.
    async fn last_error(&self) -> Option<&str> {
        self.0.last_error.as_deref()
    }

    /// The job that sends it; null for those who may not see it.
    async fn job(&self, graph: &Context<'_>) -> Result<Option<Job>> {
        Call::of(graph)?.load_some(self.0.job_id).await
    }

    /// When it was written.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When it was last tried.
    async fn tried_at(&self) -> Option<DateTime<Utc>> {
        self.0.tried_at
    }

    /// When it was handed over.
    async fn sent_at(&self) -> Option<DateTime<Utc>> {
        self.0.sent_at
    }

    /// The fields that the viewer may not see.
    async fn redacted_fields(&self, graph: &Context<'_>) -> Result<Vec<String>> {
        let own = self.is_own(Call::of(graph)?);
        let hidden = (!own).then(|| "text".to_owned());
        Ok(hidden.into_iter().collect())
    }

    /// What the viewer may do with it.
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<MailViewerCan> {
        let call = Call::of(graph)?;
        let refused = |reason| Permission::refused(call, &Fault::not_allowed(reason));
        let retry = match self.0.status {
            MailStatus::Sent => refused(fault::MAIL_SENT_ALREADY),
            _ if self.is_under_way(call).await? => refused(fault::MAIL_UNDER_WAY),
            _ => Permission::held(call, JOB_MANAGE, |scope| scope.everywhere),
        };
        Ok(MailViewerCan { retry })
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

impl Mail {
    fn is_own(&self, call: &Call) -> bool {
        self.0.user_id.is_some() && self.0.user_id == call.actor().principal.user()
    }

    /// Whether its job is still at it, as far as the viewer may see.
    async fn is_under_way(&self, call: &Call) -> Result<bool> {
        let job: Option<Job> = call.load_some(self.0.job_id).await?;
        Ok(job.is_some_and(|job| matches!(job.0.status, JobStatus::Queued | JobStatus::Running)))
    }
}

/// What trying a mail again gives.
#[derive(SimpleObject)]
pub struct MailRetryPayload {
    /// The mail, waiting.
    mail: Option<Mail>,
    /// The job that sends it.
    job: Option<Job>,
    /// What a person can mend; empty when it was done.
    user_errors: Vec<UserError>,
}

impl Payload for MailRetryPayload {
    type Record = (Mail, Job);

    fn done((mail, job): (Mail, Job)) -> Self {
        Self {
            mail: Some(mail),
            job: Some(job),
            user_errors: Vec::new(),
        }
    }

    fn refused(user_errors: Vec<UserError>) -> Self {
        Self {
            mail: None,
            job: None,
            user_errors,
        }
    }
}

/// Looks at mails.
#[derive(Default)]
pub struct MailQuery;

#[Object]
impl MailQuery {
    /// A mail. Needs `kernel.job.manage` in the whole organisation, or to be to oneself.
    async fn mail(&self, graph: &Context<'_>, id: MailId) -> Result<Option<Mail>> {
        find(graph, id).await
    }

    /// Mails, the newest first. Needs `kernel.job.manage` in the whole organisation; without it one
    /// sees those to oneself alone.
    async fn mails(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<MailFilter>,
        sort: Option<MailSort>,
        search: Option<String>,
    ) -> Result<Connection<Mail>> {
        let slice = Slice::new(first, after, last, before);
        connect(graph, slice.of(filter, sort, search)).await
    }
}

/// Acts on mails.
#[derive(Default)]
pub struct MailMutation;

#[Object]
impl MailMutation {
    /// Sends a mail again that was given up, or whose job was called off. Needs
    /// `kernel.job.manage` in the whole organisation.
    async fn mail_retry(
        &self,
        graph: &Context<'_>,
        input: MailRetryInput,
    ) -> Result<MailRetryPayload> {
        act(graph, false, |tx| {
            async move {
                let (row, job) = mail::retry(tx, input).await?;
                Ok((Mail(row), Job(job)))
            }
            .boxed()
        })
        .await
    }
}
