//! Who sees which announcements.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::filter::{BooleanFilter, Comparator, DateTimeFilter, IdFilter, TextFilter};
use kernel::ids::AnnouncementId;
use kernel::page::{Page, PageRequest, quoted};
use kernel::predicate::Value;
use kernel::{Predicate, Result, Tx};

use super::audience::addresses;
use super::{Announcement, AnnouncementStatus};
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
        publish_from: DateTimeFilter => publish_from,
    }
    /// An order of announcements.
    sort AnnouncementSort;
    /// What announcements can be sorted by.
    by AnnouncementSortField {
        /// By when they are shown.
        PublishFrom = "PUBLISH_FROM" => publish_from,
        /// By title in Spanish.
        TitleEs = "TITLE_ES" => title_es,
        /// Pinned ones apart.
        Pinned = "PINNED" => pinned,
    }
    default PublishFrom Desc;
    search [title_es, body_es, title_en, body_en];
    from "administration" announcement as Announcement;
}

fn column(name: &str) -> String {
    quoted("administration", "announcement", name)
}

/// The condition that the actor manages an announcement: all of them with the right everywhere;
/// else their own, and those that address nobody outside the companies and departments of the
/// right.
pub fn manages(tx: &Tx) -> Predicate {
    let scope = tx.actor().scope(ANNOUNCEMENT_MANAGE);
    if scope.everywhere {
        return Predicate::all();
    }
    if scope.is_nowhere() {
        return Predicate::none();
    }
    let within = |audience: &'static str, list: &str, ids: Vec<uuid::Uuid>| {
        Predicate::equal(&column("audience"), audience).and(Predicate::compare(
            &column(list),
            "<@ (",
            Value::Uuids(ids),
            ")",
        ))
    };
    let companies = scope.companies.iter().map(|id| id.0).collect();
    let departments = scope.departments.iter().map(|id| id.0).collect();
    let mut parts = vec![
        within("COMPANIES", "company_ids", companies),
        within("DEPARTMENTS", "department_ids", departments),
    ];
    if let Some(me) = tx.actor().principal.user() {
        parts.push(Predicate::equal(&column("created_by"), me.0));
    }
    Predicate::some(parts)
}

/// What the actor manages, and what addresses them in its time.
fn visible(tx: &Tx) -> Predicate {
    let Some(me) = tx.actor().principal.user() else {
        return manages(tx);
    };
    if !tx.actor().may(ANNOUNCEMENT_READ) {
        return manages(tx);
    }
    let shown = Predicate::equal(&column("status"), AnnouncementStatus::Published.text())
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
        );
    manages(tx).or(shown.and(addresses(me)))
}

fn shown(filter: Option<&AnnouncementFilter>, visible: Predicate) -> Predicate {
    match filter {
        Some(filter) if filter.status.is_some() => visible,
        _ => visible.and(Predicate::compare(
            &column("status"),
            "<>",
            AnnouncementStatus::Archived.text(),
            "",
        )),
    }
}

/// A page of the announcements that the actor may see.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<AnnouncementFilter, AnnouncementSortField>,
) -> Result<Page<Announcement>> {
    let visible = shown(request.filter.as_ref(), visible(tx));
    list(tx, request, visible).await
}

/// How many announcements of a request the actor may see.
pub async fn count(
    tx: &mut Tx,
    request: PageRequest<AnnouncementFilter, AnnouncementSortField>,
) -> Result<i64> {
    let visible = shown(request.filter.as_ref(), visible(tx));
    tally(tx, request, visible).await
}

/// The visible ones of some announcements.
pub async fn by_ids(tx: &mut Tx, ids: &[AnnouncementId]) -> Result<Vec<Announcement>> {
    let visible = visible(tx);
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
