//! Announcements through the API: what an organisation tells its people.

use administration::announcement::{
    self, Announcement as AnnouncementRow, AnnouncementAudience, AnnouncementFilter,
    AnnouncementSort, AnnouncementSortField, AnnouncementStatus,
};
use administration::fault;
use administration::permission::ANNOUNCEMENT_MANAGE;
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use futures::FutureExt;
use kernel::Fault;
use kernel::id::{TypedId, encode};
use kernel::ids::AnnouncementId;

use crate::administration::announcement_reader::{
    AnnouncementProgress, AnnouncementReader, AnnouncementReceipt, Managed, Progressed, reader_rows,
};
use crate::call::Call;
use crate::connection::{Connection, Rows, Slice, connect, find};
use crate::directory::company::Company;
use crate::directory::department::Department;
use crate::kernel::audit::{AuditEntry, history};
use crate::loader::Noun;
use crate::noun;
use crate::permission::Permission;
use crate::processes::named::{self, NamedRole, NamedUser};
use crate::whole::connection;

noun! {
    /// What an organisation tells its people.
    Announcement of administration::announcement as AnnouncementRow, AnnouncementId;
    listed by AnnouncementFilter, AnnouncementSortField
}

/// What the viewer can do with an announcement now.
#[derive(SimpleObject)]
pub struct AnnouncementViewerCan {
    /// Change it: a draft as a whole, what was published in its end and its place alone.
    update: Permission,
    /// Publish it.
    publish: Permission,
    /// Archive it.
    archive: Permission,
    /// Say that they have read it.
    acknowledge: Permission,
}

/// What an organisation tells its people. Once published, its words stay as they are.
#[Object]
impl Announcement {
    /// The announcement.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// Its title, in the viewer's language as far as it has one there.
    async fn title(&self, graph: &Context<'_>) -> Result<&str> {
        Ok(self.0.title(Call::of(graph)?.context().locale))
    }

    /// Its text, in the viewer's language as far as it has one there: plain text.
    async fn body(&self, graph: &Context<'_>) -> Result<&str> {
        Ok(self.0.body(Call::of(graph)?.context().locale))
    }

    /// Its title in Spanish.
    async fn title_es(&self) -> &str {
        &self.0.title_es
    }

    /// Its text in Spanish.
    async fn body_es(&self) -> &str {
        &self.0.body_es
    }

    /// Its title in English.
    async fn title_en(&self) -> Option<&str> {
        self.0.title_en.as_deref()
    }

    /// Its text in English.
    async fn body_en(&self) -> Option<&str> {
        self.0.body_en.as_deref()
    }

    /// How those are named whom it addresses.
    async fn audience(&self) -> AnnouncementAudience {
        self.0.audience
    }

    /// The companies that it addresses, as far as the viewer may see them.
    async fn companies(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<Company>> {
        let slice = Slice::new(first, after, last, before);
        named_ones(graph, &self.0.company_ids, &slice).await
    }

    /// The departments that it addresses, with those below them, as far as the viewer may see them.
    async fn departments(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<Department>> {
        let slice = Slice::new(first, after, last, before);
        named_ones(graph, &self.0.department_ids, &slice).await
    }

    /// The roles that it addresses.
    async fn roles(&self) -> Vec<NamedRole> {
        named::roles(&self.0.role_ids)
    }

    /// Where it stands.
    async fn status(&self) -> AnnouncementStatus {
        self.0.status
    }

    /// Whether it is shown now to those whom it addresses.
    async fn is_shown(&self, graph: &Context<'_>) -> Result<bool> {
        Ok(self.0.is_shown_at(Call::of(graph)?.context().now))
    }

    /// From when on it is shown.
    async fn publish_at(&self) -> DateTime<Utc> {
        self.0.publish_from
    }

    /// Until when it is shown; null for good.
    async fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.0.publish_to
    }

    /// Whether it stands above the others.
    async fn is_pinned(&self) -> bool {
        self.0.pinned
    }

    /// Whether its readers must say that they have read it.
    async fn requires_acknowledgement(&self) -> bool {
        self.0.requires_acknowledgement
    }

    /// When the viewer read and acknowledged it; null when they have not read it.
    async fn my_receipt(&self, graph: &Context<'_>) -> Result<Option<AnnouncementReceipt>> {
        let mine = Call::of(graph)?
            .parts::<AnnouncementReceipt>(self.0.id)
            .await?;
        Ok(mine.into_iter().next())
    }

    /// How far it has come; null for those who don't manage it.
    async fn progress(&self, graph: &Context<'_>) -> Result<Option<AnnouncementProgress>> {
        let made = Call::of(graph)?.parts::<Progressed>(self.0.id).await?;
        Ok(made.into_iter().next().map(|progressed| progressed.0))
    }

    /// Those whom it addresses, by name, with what each has done; with `outstanding`, those alone
    /// who have not acknowledged it, or have not read it where that is all it asks. Null for those
    /// who don't manage it.
    async fn readers(
        &self,
        graph: &Context<'_>,
        #[graphql(default)] outstanding: bool,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Option<Rows<AnnouncementReader>>> {
        if !self.is_managed(graph).await? {
            return Ok(None);
        }
        let slice = Slice::new(first, after, last, before);
        reader_rows(graph, self.0.id, outstanding, slice)
            .await
            .map(Some)
    }

    /// Who wrote it.
    async fn created_by(&self) -> NamedUser {
        NamedUser(self.0.created_by)
    }

    /// When it was written.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When it was last changed.
    async fn updated_at(&self) -> DateTime<Utc> {
        self.0.updated_at
    }

    /// When it was published.
    async fn published_at(&self) -> Option<DateTime<Utc>> {
        self.0.published_at
    }

    /// The fields that the viewer lacks the permission to see.
    async fn redacted_fields(&self, graph: &Context<'_>) -> Result<Vec<String>> {
        let hidden = if self.is_managed(graph).await? {
            Vec::new()
        } else {
            vec!["progress".to_owned(), "readers".to_owned()]
        };
        Ok(hidden)
    }

    /// What the viewer can do with it now.
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<AnnouncementViewerCan> {
        let call = Call::of(graph)?;
        let managed = self.is_managed(graph).await?;
        Ok(self.permissions(call, managed))
    }

    /// What happened to it, as far as the viewer may see it.
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

impl Announcement {
    async fn is_managed(&self, graph: &Context<'_>) -> Result<bool> {
        let managed = Call::of(graph)?.parts::<Managed>(self.0.id).await?;
        Ok(!managed.is_empty())
    }

    fn permissions(&self, call: &Call, managed: bool) -> AnnouncementViewerCan {
        let refused = |fault: Fault| Permission::refused(call, &fault);
        let of = |state: Option<&'static str>| match state {
            _ if !managed => Permission::held(call, ANNOUNCEMENT_MANAGE, |_| false),
            Some(reason) => refused(Fault::not_allowed(reason)),
            None => Permission::allowed(),
        };
        let archived = self.0.status == AnnouncementStatus::Archived;
        let archived = archived.then_some(fault::ARCHIVED);
        let published = self.0.status == AnnouncementStatus::Published;
        let published = published.then_some(fault::ANNOUNCEMENT_PUBLISHED_ALREADY);
        let acknowledge = if !self.0.is_shown_at(call.context().now) {
            refused(Fault::not_found(fault::ANNOUNCEMENT_NOT_FOUND))
        } else if self.0.requires_acknowledgement {
            Permission::allowed()
        } else {
            refused(Fault::not_allowed(fault::ACKNOWLEDGEMENT_NOT_ASKED))
        };
        AnnouncementViewerCan {
            update: of(archived),
            publish: of(archived.or(published)),
            archive: of(archived),
            acknowledge,
        }
    }
}

/// The records of some ids that the viewer may see, as a connection.
async fn named_ones<N: Noun>(
    graph: &Context<'_>,
    ids: &[N::Id],
    slice: &Slice,
) -> Result<Connection<N>> {
    let call = Call::of(graph)?;
    let wanted = ids.iter().map(|id| call.load::<N>(*id));
    let found = futures::future::try_join_all(wanted).await?;
    let placed = |noun: N| (encode(N::Id::PREFIX, noun.key().uuid()), noun);
    connection(
        call,
        found.into_iter().flatten().map(placed).collect(),
        slice,
    )
}

/// Looks at announcements.
#[derive(Default)]
pub struct AnnouncementQuery;

#[Object]
impl AnnouncementQuery {
    /// An announcement that addresses the viewer now, or that they manage.
    async fn announcement(
        &self,
        graph: &Context<'_>,
        id: AnnouncementId,
    ) -> Result<Option<Announcement>> {
        find(graph, id).await
    }

    /// Announcements: those that address the viewer now, by `administration.announcement.read`, and
    /// those that they manage by `administration.announcement.manage`.
    async fn announcements(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<AnnouncementFilter>,
        sort: Option<AnnouncementSort>,
        search: Option<String>,
        #[graphql(default)] include_archived: bool,
    ) -> Result<Connection<Announcement>> {
        let slice = Slice::new(first, after, last, before);
        let request = slice.of(filter, sort, search);
        connect(graph, request.with_archived(include_archived)).await
    }

    /// How many announcements that address the viewer now they have not read. Needs
    /// `administration.announcement.read`.
    async fn unread_announcement_count(&self, graph: &Context<'_>) -> Result<i32> {
        let call = Call::of(graph)?;
        let unread = call
            .read(|tx| announcement::unread_count(tx).boxed())
            .await?;
        Ok(i32::try_from(unread).unwrap_or(i32::MAX))
    }

    /// How many announcements that address the viewer now they are still to acknowledge. Needs
    /// `administration.announcement.read`.
    async fn owed_acknowledgement_count(&self, graph: &Context<'_>) -> Result<i32> {
        let call = Call::of(graph)?;
        let owed = call.read(|tx| announcement::owed_count(tx).boxed()).await?;
        Ok(i32::try_from(owed).unwrap_or(i32::MAX))
    }
}
