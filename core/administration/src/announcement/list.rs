//! Who sees which announcements.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::filter::{BooleanFilter, Comparator, DateTimeFilter, IdFilter, TextFilter};
use kernel::ids::AnnouncementId;
use kernel::page::{Page, PageRequest, quoted};
use kernel::predicate::Value;
use kernel::{Error, Predicate, Result, Tx};

use super::audience::addresses;
use super::{Announcement, AnnouncementAudience, AnnouncementStatus};
use crate::permission::{ANNOUNCEMENT_MANAGE, ANNOUNCEMENT_READ};
use crate::schema::announcement;

/// Conditions on where an announcement stands.
#[derive(Clone, Debug, Default, async_graphql::InputObject)]
pub struct AnnouncementStatusFilter {
    /// Is exactly.
    pub eq: Option<AnnouncementStatus>,
}

impl Comparator for AnnouncementStatusFilter {
    fn on(&self, column: &str, _: chrono::NaiveDate) -> Result<Option<Predicate>> {
        Ok(self
            .eq
            .map(|status| Predicate::equal(column, status.text())))
    }
}

kernel::listing! {
    /// Conditions on announcements.
    filter AnnouncementFilter {
        /// By id.
        id: IdFilter => id,
        /// By where they stand.
        status: AnnouncementStatusFilter => status,
        /// By whether they stand above the others.
        pinned: BooleanFilter => pinned,
        /// By whether they ask for acknowledgement.
        requires_acknowledgement: BooleanFilter => requires_acknowledgement,
        /// By title in Spanish.
        title_es: TextFilter => title_es,
        /// By when they are shown.
        publish_at: DateTimeFilter => publish_from,
    }
    /// An order of announcements.
    sort AnnouncementSort;
    /// What announcements can be sorted by.
    by AnnouncementSortField {
        /// By when they are shown.
        PublishAt = "PUBLISH_AT" => publish_from,
        /// By title in Spanish.
        TitleEs = "TITLE_ES" => title_es,
        /// Pinned ones apart.
        Pinned = "PINNED" => pinned,
    }
    default PublishAt Desc;
    search [title_es, body_es, title_en, body_en];
    from "administration" announcement as Announcement;
}

fn column(name: &str) -> String {
    quoted("administration", "announcement", name)
}

/// The condition that the actor manages an announcement: all of them with the right everywhere;
/// else their own, and those that address nobody outside the companies of the right, their
/// departments, and the departments of the right.
pub fn manages(tx: &Tx) -> Predicate {
    let scope = tx.actor().scope(ANNOUNCEMENT_MANAGE);
    if scope.everywhere {
        return Predicate::all();
    }
    if scope.is_nowhere() {
        return Predicate::none();
    }
    let companies: Vec<uuid::Uuid> = scope.companies.iter().map(|id| id.0).collect();
    let departments: Vec<uuid::Uuid> = scope.departments.iter().map(|id| id.0).collect();
    let is =
        |audience: AnnouncementAudience| Predicate::equal(&column("audience"), audience.text());
    let of_companies = Predicate::compare(
        &column("company_ids"),
        "<@ (",
        Value::Uuids(companies.clone()),
        ")",
    );
    let of_departments = Predicate::sql(format!(
        "NOT EXISTS (SELECT FROM directory.department named WHERE named.organisation_id = {} \
         AND named.id = ANY({}) AND NOT (named.company_id = ANY(",
        column("organisation_id"),
        column("department_ids")
    ))
    .bind(Value::Uuids(companies))
    .then(") OR named.id = ANY(")
    .bind(Value::Uuids(departments))
    .then(")))");
    let mut parts = vec![
        is(AnnouncementAudience::Companies).and(of_companies),
        is(AnnouncementAudience::Departments).and(of_departments),
    ];
    if let Some(me) = tx.actor().principal.user() {
        parts.push(Predicate::equal(&column("created_by"), me.0));
    }
    Predicate::some(parts)
}

/// What the actor manages, and what addresses them in its time.
fn visible(tx: &Tx) -> Result<Predicate> {
    let reads = tx.actor().may(ANNOUNCEMENT_READ);
    if !reads && !tx.actor().may(ANNOUNCEMENT_MANAGE) {
        return Err(Error::Denied(ANNOUNCEMENT_READ));
    }
    let reader = tx.actor().principal.user().filter(|_| reads);
    Ok(match reader {
        Some(me) => manages(tx).or(shown_now(tx).and(addresses(me))),
        None => manages(tx),
    })
}

/// What is shown now, to whomever it addresses.
fn shown_now(tx: &Tx) -> Predicate {
    Predicate::equal(&column("status"), AnnouncementStatus::Published.text())
        .and(Predicate::compare(
            &column("publish_from"),
            "<=",
            tx.now(),
            "",
        ))
        .and(
            Predicate::sql(format!("{} IS NULL", column("publish_to"))).or(Predicate::compare(
                &column("publish_to"),
                ">",
                tx.now(),
                "",
            )),
        )
}

/// What is asked of announcements.
type Request = PageRequest<AnnouncementFilter, AnnouncementSortField>;

/// Archived ones hide unless they are asked for, by themselves or by status.
fn shown(request: &Request, visible: Predicate) -> Predicate {
    let by_status = request
        .filter
        .as_ref()
        .is_some_and(|it| it.status.is_some());
    if by_status || request.include_archived {
        return visible;
    }
    let archived = AnnouncementStatus::Archived.text();
    visible.and(Predicate::compare(&column("status"), "<>", archived, ""))
}

/// A page of the announcements that the actor may see.
pub async fn page(tx: &mut Tx, request: Request) -> Result<Page<Announcement>> {
    let visible = shown(&request, visible(tx)?);
    list(tx, request, visible).await
}

/// How many announcements of a request the actor may see.
pub async fn count(tx: &mut Tx, request: Request) -> Result<i64> {
    let visible = shown(&request, visible(tx)?);
    tally(tx, request, visible).await
}

/// How many announcements that address the actor now they have not read.
pub async fn unread_count(tx: &mut Tx) -> Result<i64> {
    count_without(tx, "TRUE", "r.read_at IS NOT NULL").await
}

/// How many announcements that address the actor now they are still to acknowledge.
pub async fn owed_count(tx: &mut Tx) -> Result<i64> {
    let asks = "\"administration\".\"announcement\".\"requires_acknowledgement\"";
    count_without(tx, asks, "r.acknowledged_at IS NOT NULL").await
}

/// How many announcements of a kind address the actor now and have no receipt of theirs that says
/// so much.
async fn count_without(tx: &mut Tx, kind: &'static str, receipt: &'static str) -> Result<i64> {
    tx.require(ANNOUNCEMENT_READ)?;
    let Some(me) = tx.actor().principal.user() else {
        return Ok(0);
    };
    let without = Predicate::sql(format!(
        "NOT EXISTS (SELECT FROM administration.announcement_receipt r \
         WHERE r.organisation_id = {} AND r.announcement_id = {} AND {receipt} AND r.user_id = ",
        column("organisation_id"),
        column("id")
    ))
    .bind(me.0)
    .then(")");
    let mine = Predicate::sql(kind).and(shown_now(tx)).and(without);
    Ok(announcement::table
        .filter(announcement::organisation_id.eq(tx.organisation()))
        .filter(mine.and(addresses(me)))
        .count()
        .get_result(tx.conn())
        .await?)
}

/// The visible ones of some announcements.
pub async fn by_ids(tx: &mut Tx, ids: &[AnnouncementId]) -> Result<Vec<Announcement>> {
    let visible = visible(tx)?;
    Ok(announcement::table
        .filter(announcement::organisation_id.eq(tx.organisation()))
        .filter(announcement::id.eq_any(ids))
        .filter(visible)
        .select(Announcement::as_select())
        .load(tx.conn())
        .await?)
}

/// An announcement that the actor may see.
pub async fn find(tx: &mut Tx, id: AnnouncementId) -> Result<Option<Announcement>> {
    Ok(by_ids(tx, &[id]).await?.into_iter().next())
}
