//! Files: rows that say whose they are and who may read them; the bytes lie in the store.

mod attachable;
mod keep;
mod link;
mod sniff;
mod store;
mod upload;

use std::collections::BTreeMap;

use async_graphql::InputObject;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::actor::EVERYTHING;
use kernel::filter::{DateTimeFilter, IdFilter, IntFilter, TextFilter};
use kernel::id::TypedId;
use kernel::ids::{CompanyId, FileId, OrganisationId, UserId};
use kernel::page::{Page, PageRequest};
use kernel::predicate::Value;
use kernel::{Actor, Event, Fault, Permission, Predicate, Principal, Result, Scope, Tx, listing};
use uuid::Uuid;

pub use attachable::{ATTACHABLE, Attachable, Attachables, AttachmentSubject, attached_to};
pub use keep::{Keep, content, keep, load};
pub use link::{Download, FileLink, LINK_MINUTES, link, link_granted, open};
pub use sniff::{MAX_BYTES, media_type};
pub use store::FileStore;
pub use upload::{
    AttachmentCreateInput, StagedUpload, StagedUploadCreateInput, attach, receive, stage,
};

use attachable::Rights;

use crate::permission::{FILE_MANAGE, PERMISSIONS};
use crate::schema::file;

/// A stored file.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = file, check_for_backend(diesel::pg::Pg))]
pub struct File {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The file.
    pub id: FileId,
    /// Its name.
    pub name: String,
    /// Its media type, by its bytes.
    pub media_type: String,
    /// Its size in bytes.
    pub size: i64,
    /// The SHA-256 of its bytes.
    pub sha256: Vec<u8>,
    /// What one needs to read it.
    pub permission: String,
    /// The user whose own it is, and who therefore may read it.
    pub owner_user: Option<UserId>,
    /// The company that it concerns.
    pub company_id: Option<CompanyId>,
    /// The GraphQL type of the record that it belongs to.
    pub subject_kind: Option<String>,
    /// The record that it belongs to.
    pub subject_id: Option<Uuid>,
    /// Whether somebody attached it to that record, whose rights then are the file's.
    pub attached: bool,
    /// Who stored it; all zeros for Trastienda itself.
    pub created_by: Uuid,
    /// When it was stored.
    pub created_at: DateTime<Utc>,
    /// When it was archived.
    pub archived_at: Option<DateTime<Utc>>,
    /// Its version.
    pub version: i32,
}

impl File {
    /// Whether an actor may read it by itself: by its permission where it belongs, as its owner, or
    /// as the key whose own job made it. Of what is attached to a record the record decides.
    pub fn is_visible_to(&self, actor: &Actor) -> bool {
        if self.attached {
            return false;
        }
        let made =
            self.subject_kind.as_deref() == Some(JOB) && key_of(actor) == Some(self.created_by);
        let owned = self.owner_user.is_some() && self.owner_user == actor.principal.user();
        let own = owned || made;
        let held = [self.permission.as_str(), EVERYTHING];
        let scopes = held.iter().filter_map(|name| actor.grants.get(*name));
        own || scopes
            .into_iter()
            .any(|scope| scope.covers(self.company_id, None))
    }
}

listing! {
    /// Conditions on files.
    filter FileFilter {
        /// By id.
        id: IdFilter => id,
        /// By name.
        name: TextFilter => name,
        /// By media type.
        media_type: TextFilter => media_type,
        /// By size in bytes.
        size: IntFilter => size,
        /// By company.
        company: IdFilter => company_id,
        /// By the user whose own it is.
        owner: IdFilter => owner_user,
        /// By the record that it belongs to.
        subject: IdFilter => subject_id,
        /// By when it was stored.
        created_at: DateTimeFilter => created_at,
        /// By archival; where it is asked for, archived ones are among them.
        archived_at: DateTimeFilter => archived_at,
    }
    /// An order of files.
    sort FileSort;
    /// What files can be sorted by.
    by FileSortField {
        /// By when they were stored.
        CreatedAt = "CREATED_AT" => created_at,
        /// By name.
        Name = "NAME" => name,
        /// By size.
        Size = "SIZE" => size,
    }
    default CreatedAt Desc;
    search [name];
    archived archived_at;
    from "directory" file as File;
}

/// The kind of record that the results of a job belong to.
const JOB: &str = "Job";

/// The key that acts, when it is one: keys own no files, but have what their own jobs made.
fn key_of(actor: &Actor) -> Option<Uuid> {
    match actor.principal {
        Principal::ApiKey(_) => Some(actor.principal.uuid()),
        _ => None,
    }
}

fn column(name: &str) -> String {
    format!("\"directory\".\"file\".\"{name}\"")
}

/// What belongs to no record that decides, and what is attached to records that the actor may see.
fn visible(tx: &Tx, kinds: Attachables) -> Result<Predicate> {
    let alone = Predicate::sql(column("attached")).negated().and(own(tx));
    let attached = attachable::of_records(tx, kinds, Rights::Read)?;
    let here = Predicate::equal(&column("organisation_id"), tx.organisation().uuid());
    Ok(here.and(alone.or(attached)))
}

/// The files whose permission the actor has where they belong, and their own.
fn own(tx: &Tx) -> Predicate {
    let mut parts = Vec::new();
    if let Some(key) = key_of(tx.actor()) {
        let made = Predicate::equal(&column("created_by"), key);
        parts.push(made.and(Predicate::equal(&column("subject_kind"), JOB)));
    }
    if let Some(user) = tx.actor().principal.user() {
        parts.push(Predicate::equal(&column("owner_user"), user.uuid()));
    }
    parts.extend(by_grants(
        &tx.actor().grants,
        &column("permission"),
        &column("company_id"),
    ));
    Predicate::some(parts)
}

fn by_grants(grants: &BTreeMap<String, Scope>, permission: &str, company: &str) -> Vec<Predicate> {
    if grants.get(EVERYTHING).is_some_and(|scope| scope.everywhere) {
        return vec![Predicate::all()];
    }
    let everywhere: Vec<String> = grants
        .iter()
        .filter(|(_, scope)| scope.everywhere)
        .map(|(name, _)| name.clone())
        .collect();
    let mut parts = vec![Predicate::any(permission, Value::Texts(everywhere))];
    for (name, scope) in grants.iter().filter(|(_, scope)| !scope.everywhere) {
        let companies = scope.companies.iter().map(|id| id.0).collect();
        let there = Predicate::any(company, Value::Uuids(companies));
        parts.push(match name.as_str() {
            EVERYTHING => there,
            name => Predicate::equal(permission, name).and(there),
        });
    }
    parts
}

/// A page of the files that the actor may read.
pub async fn page(
    tx: &mut Tx,
    kinds: Attachables,
    request: PageRequest<FileFilter, FileSortField>,
) -> Result<Page<File>> {
    let visible = visible(tx, kinds)?;
    list(tx, request, visible).await
}

/// How many files the actor may read.
pub async fn count(
    tx: &mut Tx,
    kinds: Attachables,
    request: PageRequest<FileFilter, FileSortField>,
) -> Result<i64> {
    let visible = visible(tx, kinds)?;
    tally(tx, request, visible).await
}

/// The visible ones among some files.
pub async fn by_ids(tx: &mut Tx, kinds: Attachables, ids: &[FileId]) -> Result<Vec<File>> {
    let visible = visible(tx, kinds)?;
    Ok(file::table
        .filter(file::organisation_id.eq(tx.organisation()))
        .filter(file::id.eq_any(ids))
        .filter(visible)
        .select(File::as_select())
        .load(tx.conn())
        .await?)
}

/// A file that the actor may read by itself; what is attached to records is not among them.
pub async fn find(tx: &mut Tx, id: FileId) -> Result<Option<File>> {
    Ok(by_ids(tx, &[], &[id]).await?.into_iter().next())
}

/// The bytes of a file that the actor may read by itself.
pub async fn bytes(tx: &mut Tx, store: &FileStore, id: FileId) -> Result<Bytes> {
    let unknown = || Fault::not_found("kernel.not_found").at(["id"]);
    let found = find(tx, id).await?.ok_or_else(unknown)?;
    store.get(found.organisation_id, &found.sha256).await
}

/// A file that a domain makes: a payslip, a bank file, an export.
#[derive(Clone, Debug)]
pub struct NewFile {
    /// Its name, with an ending that fits its bytes.
    pub name: String,
    /// Its bytes, 25 MiB at most.
    pub bytes: Bytes,
    /// What one needs to read it.
    pub permission: Permission,
    /// The user whose own it is.
    pub owner_user: Option<UserId>,
    /// The company that it concerns.
    pub company: Option<CompanyId>,
    /// The GraphQL type and id of the record that it belongs to.
    pub subject: Option<(&'static str, Uuid)>,
}

/// Stores a file that a domain makes. The domain has already decided that the act is allowed; the
/// bytes are checked like anybody's.
pub async fn store(tx: &mut Tx, store: &FileStore, new: NewFile) -> Result<File> {
    let name = sniff::name(&new.name).map_err(|fault| fault.at(["name"]))?;
    let media_type = sniff::media_type(&name, &new.bytes)?;
    let size = i64::try_from(new.bytes.len()).unwrap_or(i64::MAX);
    let sha256 = store.put(tx.organisation(), new.bytes).await?;
    let row = File {
        organisation_id: tx.organisation(),
        id: FileId::generate(),
        name,
        media_type: media_type.to_owned(),
        size,
        sha256,
        permission: new.permission.to_owned(),
        owner_user: new.owner_user,
        company_id: new.company,
        subject_kind: new.subject.map(|(kind, _)| kind.to_owned()),
        subject_id: new.subject.map(|(_, id)| id),
        attached: false,
        created_by: tx.actor().principal.uuid(),
        created_at: tx.now(),
        archived_at: None,
        version: 1,
    };
    insert(tx, &row, new.permission).await?;
    Ok(row)
}

/// Records a file and tells that it was stored.
async fn insert(tx: &mut Tx, row: &File, permission: Permission) -> Result<()> {
    diesel::insert_into(file::table)
        .values(row)
        .execute(tx.conn())
        .await?;
    let event = told("directory.file.stored", row, permission)
        .set("name", &row.name)
        .set("size", row.size)
        .set("sha256", crate::throttle::hex(&row.sha256));
    tx.emit(event).await?;
    Ok(())
}

fn told(action: &'static str, row: &File, permission: Permission) -> Event {
    let event = Event::new(action, "File", row.id, permission).owner(row.owner_user);
    match row.company_id {
        Some(company) => event.company(company),
        None => event,
    }
}

/// The constant of a permission kept as text; one of another domain counts as the right to manage
/// files, which is more.
fn constant(name: &str) -> Permission {
    let others = crate::permission::OTHERS.iter().copied();
    let own = PERMISSIONS.iter().map(|(own, _)| *own);
    own.chain(others)
        .find(|known| *known == name)
        .unwrap_or(FILE_MANAGE)
}

/// Archives a file.
#[derive(Clone, Debug, InputObject)]
pub struct FileArchiveInput {
    /// The file.
    pub id: FileId,
    /// The version that the change was made on.
    pub expected_version: Option<i32>,
}

/// Hides a file from lists; its bytes stay, as retention asks. What is attached to a record takes
/// the right to change the record besides.
pub async fn archive(tx: &mut Tx, kinds: Attachables, command: FileArchiveInput) -> Result<File> {
    tx.require(FILE_MANAGE)?;
    let unknown = || Fault::not_found("kernel.not_found").at(["id"]);
    let seen = by_ids(tx, kinds, &[command.id]).await?;
    let seen = seen.into_iter().next().ok_or_else(unknown)?;
    if archivable(tx, kinds, &[seen.id]).await?.is_empty() {
        return Err(unknown().into());
    }
    let now = tx.now();
    let changed: Option<File> = diesel::update(file::table.find((tx.organisation(), seen.id)))
        .filter(file::version.eq(command.expected_version.unwrap_or(seen.version)))
        .filter(file::archived_at.is_null())
        .set((
            file::archived_at.eq(Some(now)),
            file::version.eq(file::version + 1),
        ))
        .returning(File::as_returning())
        .get_result(tx.conn())
        .await
        .optional()?;
    let Some(row) = changed else {
        crate::check::version(seen.version, command.expected_version)?;
        return Ok(seen);
    };
    tx.emit(told(
        "directory.file.archived",
        &row,
        constant(&row.permission),
    ))
    .await?;
    let told = attachable::told_of_record("directory.attachment.archived", kinds, &row);
    tx.emit_all(told.into_iter().collect()).await?;
    Ok(row)
}

/// Those among some files that the actor may archive.
pub async fn archivable(tx: &mut Tx, kinds: Attachables, ids: &[FileId]) -> Result<Vec<FileId>> {
    let scope = tx.actor().scope(FILE_MANAGE);
    if scope.is_nowhere() {
        return Ok(Vec::new());
    }
    let managed = Predicate::in_scope(&scope, Some(&column("company_id")), None);
    let alone = Predicate::sql(column("attached")).negated().and(managed);
    let attached = attachable::of_records(tx, kinds, Rights::Write)?;
    Ok(file::table
        .filter(file::organisation_id.eq(tx.organisation()))
        .filter(file::id.eq_any(ids))
        .filter(alone.or(attached))
        .select(file::id)
        .load(tx.conn())
        .await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(permission: &str, owner: Option<UserId>, company: Option<CompanyId>) -> File {
        File {
            organisation_id: OrganisationId::generate(),
            id: FileId::generate(),
            name: "a.pdf".to_owned(),
            media_type: "application/pdf".to_owned(),
            size: 1,
            sha256: vec![0; 32],
            permission: permission.to_owned(),
            owner_user: owner,
            company_id: company,
            subject_kind: None,
            subject_id: None,
            attached: false,
            created_by: Uuid::nil(),
            created_at: DateTime::default(),
            archived_at: None,
            version: 1,
        }
    }

    #[test]
    fn a_file_is_read_by_its_permission_there_or_by_its_owner() {
        let (user, company) = (UserId::generate(), CompanyId::generate());
        let scope = Scope {
            companies: vec![company],
            ..Scope::default()
        };
        let mut actor = Actor::system(OrganisationId::generate());
        actor.principal = kernel::Principal::User(user);
        actor.grants = BTreeMap::from([("people.payslip.read".to_owned(), scope)]);
        let sees = |file: File| file.is_visible_to(&actor);
        assert!(sees(file("people.payslip.read", None, Some(company))));
        assert!(!sees(file(
            "people.payslip.read",
            None,
            Some(CompanyId::generate())
        )));
        assert!(!sees(file("people.payslip.read", None, None)));
        assert!(!sees(file("directory.file.read", None, Some(company))));
        assert!(sees(file("directory.file.read", Some(user), None)));
        assert!(!sees(file(
            "directory.file.read",
            Some(UserId::generate()),
            None
        )));
    }
}
