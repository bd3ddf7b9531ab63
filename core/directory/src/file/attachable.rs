//! Records that files are attached to. The rights of a record decide the rights of its files: who
//! sees the one sees the other, who may change it may attach and archive.
//!
//! A domain says so once a kind of record, in its `attachment.rs`; whoever serves files gathers
//! them as [`Attachables`]. What a domain makes of its own accord (a payslip, a bank file) carries
//! a permission instead and is not attached.

use async_graphql::OneofObject;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kernel::id::TypedId;
use kernel::ids::{
    AbsenceId, CompanyId, ContractId, EmployeeId, EntryId, FindingId, GarnishmentId, IncidentId,
    InvoiceId, ItemId, MovementId, PartyId, PaymentId, PurchaseOrderId, SystemId, TaskId,
};
use kernel::{Error, Event, Fault, Permission, Predicate, Result, Tx};
use uuid::Uuid;

use super::{File, column};
use crate::permission::{FILE_MANAGE, FILE_READ};
use crate::schema::file;

/// Files of one record at most, so that they can be read as a whole.
const MOST: i64 = 250;

/// A kind of record that files can be attached to.
#[derive(Clone, Copy, Debug)]
pub struct Attachable {
    /// Its GraphQL type.
    pub kind: &'static str,
    /// The schema of its table.
    pub schema: &'static str,
    /// Its table, with `organisation_id` and `id`.
    pub table: &'static str,
    /// The table's column of the company, when records belong to one.
    pub company: Option<&'static str>,
    /// What one needs to see a record, which its files carry.
    pub read: Permission,
    /// What one needs to change a record.
    pub write: Permission,
    /// The records that the actor may see.
    pub readable: fn(&Tx) -> Result<Predicate>,
    /// The records that the actor may change.
    pub writable: fn(&Tx) -> Result<Predicate>,
}

/// The kinds of record of every domain.
pub type Attachables = &'static [&'static [Attachable]];

/// What of the directory files can be attached to: for those who may see files at all.
pub const ATTACHABLE: &[Attachable] = &[
    Attachable {
        kind: "Company",
        schema: "directory",
        table: "company",
        company: Some("id"),
        read: FILE_READ,
        write: FILE_MANAGE,
        readable: |tx| of_company(tx, FILE_READ),
        writable: |tx| of_company(tx, FILE_MANAGE),
    },
    Attachable {
        kind: "Party",
        schema: "directory",
        table: "party",
        company: None,
        read: FILE_READ,
        write: FILE_MANAGE,
        readable: |tx| of_party(tx, FILE_READ),
        writable: |tx| of_party(tx, FILE_MANAGE),
    },
];

/// The visible companies in which the actor has a permission.
fn of_company(tx: &Tx, permission: Permission) -> Result<Predicate> {
    let scope = tx.require(permission)?;
    let id = kernel::page::quoted("directory", "company", "id");
    Ok(crate::company::visible(tx)?.and(Predicate::in_scope(&scope, Some(&id), None)))
}

/// The visible parties, which belong to no company, to who has a permission anywhere.
fn of_party(tx: &Tx, permission: Permission) -> Result<Predicate> {
    tx.require(permission)?;
    crate::party::visible(tx)
}

/// Declares the records that an attachment can name, each by its typed id; the name of a variant is
/// the GraphQL type of the record.
macro_rules! subjects {
    ($($(#[$meta:meta])* $kind:ident($id:ty),)*) => {
        /// The record that a file is attached to.
        #[derive(Clone, Copy, Debug, OneofObject)]
        pub enum AttachmentSubject {
            $($(#[$meta])* $kind($id),)*
        }

        impl AttachmentSubject {
            /// Every GraphQL type that it can name.
            pub const KINDS: &'static [&'static str] = &[$(stringify!($kind)),*];

            fn record(self) -> (&'static str, Uuid) {
                match self {
                    $(Self::$kind(id) => (stringify!($kind), id.0),)*
                }
            }
        }
    };
}

subjects! {
    /// A company.
    Company(CompanyId),
    /// A party.
    Party(PartyId),
    /// A journal entry.
    Entry(EntryId),
    /// A task.
    Task(TaskId),
    /// An employee.
    Employee(EmployeeId),
    /// A contract.
    Contract(ContractId),
    /// An absence.
    Absence(AbsenceId),
    /// A garnishment.
    Garnishment(GarnishmentId),
    /// An item.
    Item(ItemId),
    /// A movement of stock.
    Movement(MovementId),
    /// A purchase order.
    PurchaseOrder(PurchaseOrderId),
    /// A system.
    System(SystemId),
    /// An incident.
    Incident(IncidentId),
    /// An invoice.
    Invoice(InvoiceId),
    /// A payment.
    Payment(PaymentId),
    /// A finding.
    Finding(FindingId),
}

/// The record of an attachment by its raw id, for events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Record(Uuid);

impl TypedId for Record {
    const PREFIX: &'static str = "record";

    fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid)
    }

    fn uuid(self) -> Uuid {
        self.0
    }
}

/// The kind of a record by its GraphQL type.
pub(super) fn kind_of(kinds: Attachables, kind: &str) -> Option<&'static Attachable> {
    kinds.iter().copied().flatten().find(|it| it.kind == kind)
}

/// Which files attached to records the actor may see, or with `writable` may archive.
pub(super) fn of_records(tx: &Tx, kinds: Attachables, rights: Rights) -> Result<Predicate> {
    let mut parts = Vec::new();
    for kind in kinds.iter().copied().flatten() {
        match rights.of(kind)(tx) {
            Ok(right) => parts.push(kind.holds(right)),
            Err(Error::Denied(_)) => {}
            Err(other) => return Err(other),
        }
    }
    let attached = Predicate::sql(column("attached"));
    Ok(attached.and(Predicate::some(parts)))
}

/// Which of a record's rights a file is asked by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rights {
    /// Seeing it.
    Read,
    /// Changing it.
    Write,
}

impl Rights {
    fn of(self, kind: &Attachable) -> fn(&Tx) -> Result<Predicate> {
        match self {
            Self::Read => kind.readable,
            Self::Write => kind.writable,
        }
    }
}

impl Attachable {
    fn named(&self) -> String {
        format!("\"{}\".\"{}\"", self.schema, self.table)
    }

    /// That a file belongs to a record of this kind for which a right holds.
    fn holds(&self, right: Predicate) -> Predicate {
        let (table, subject) = (self.named(), column("subject_id"));
        let organisation = column("organisation_id");
        Predicate::equal(&column("subject_kind"), self.kind).and(
            Predicate::sql(format!(
                "EXISTS (SELECT FROM {table} WHERE {table}.\"organisation_id\" = {organisation} \
                 AND {table}.\"id\" = {subject} AND "
            ))
            .then_all(right)
            .then(")"),
        )
    }

    /// Whether a right holds for a record.
    async fn admits(&self, tx: &mut Tx, id: Uuid, rights: Rights) -> Result<bool> {
        let right = match rights.of(self)(tx) {
            Err(Error::Denied(_)) => return Ok(false),
            other => other?,
        };
        let table = self.named();
        let there = Predicate::sql(format!(
            "EXISTS (SELECT FROM {table} WHERE {table}.\"organisation_id\" = "
        ))
        .bind(tx.organisation().0)
        .then(format!(" AND {table}.\"id\" = "))
        .bind(id)
        .then(" AND ")
        .then_all(right)
        .then(")");
        let admits: Option<bool> = diesel::select(there).get_result(tx.conn()).await?;
        Ok(admits.unwrap_or_default())
    }

    /// The company of a record.
    async fn company_of(&self, tx: &mut Tx, id: Uuid) -> Result<Option<CompanyId>> {
        #[derive(QueryableByName)]
        struct Placed {
            #[diesel(sql_type = Nullable<SqlUuid>)]
            company: Option<CompanyId>,
        }
        let Some(column) = self.company else {
            return Ok(None);
        };
        let text = format!(
            "SELECT {column} AS company FROM {} WHERE organisation_id = $1 AND id = $2",
            self.named()
        );
        let found: Option<Placed> = diesel::sql_query(text)
            .bind::<SqlUuid, _>(tx.organisation())
            .bind::<SqlUuid, _>(id)
            .get_result(tx.conn())
            .await
            .optional()?;
        Ok(found.and_then(|placed| placed.company))
    }
}

/// Where a file that is to be attached belongs.
pub(super) struct Place {
    pub kind: &'static Attachable,
    pub record: Uuid,
    pub company: Option<CompanyId>,
}

/// The record that a file is to be attached to.
///
/// # Errors
/// `kernel.not_found` at `subject` for one that does not exist or may not be seen; denied for one
/// that may not be changed; `directory.too_many_attachments`.
pub(super) async fn place(
    tx: &mut Tx,
    kinds: Attachables,
    subject: AttachmentSubject,
) -> Result<Place> {
    let (name, record) = subject.record();
    let kind = kind_of(kinds, name)
        .ok_or_else(|| Error::bug(format!("nobody says who sees the files of {name}")))?;
    if !kind.admits(tx, record, Rights::Read).await? {
        return Err(Fault::not_found("kernel.not_found").at(["subject"]).into());
    }
    if !kind.admits(tx, record, Rights::Write).await? {
        return Err(Error::Denied(kind.write));
    }
    let held: i64 = file::table
        .filter(file::organisation_id.eq(tx.organisation()))
        .filter(file::subject_id.eq(record))
        .filter(file::attached)
        .filter(file::archived_at.is_null())
        .count()
        .get_result(tx.conn())
        .await?;
    if held >= MOST {
        return Err(Fault::not_allowed("directory.too_many_attachments")
            .with("most", MOST)
            .at(["subject"])
            .into());
    }
    Ok(Place {
        kind,
        record,
        company: kind.company_of(tx, record).await?,
    })
}

/// What happened to a record because of a file of its: for the record's own history.
pub(super) fn told_of_record(
    action: &'static str,
    kinds: Attachables,
    row: &File,
) -> Option<Event> {
    let (name, record) = (row.subject_kind.as_deref()?, row.subject_id?);
    let kind = kind_of(kinds, name).filter(|_| row.attached)?;
    let event = Event::new(action, kind.kind, Record(record), kind.read)
        .set("file", row.id)
        .set("name", &row.name);
    Some(match row.company_id {
        Some(company) => event.company(company),
        None => event,
    })
}

/// The files attached to some records of a kind that the actor may see, the latest first.
pub async fn attached_to(
    tx: &mut Tx,
    kinds: Attachables,
    kind: &str,
    records: &[Uuid],
) -> Result<Vec<File>> {
    let Some(kind) = kind_of(kinds, kind) else {
        return Err(Error::bug(format!("{kind} has no files")));
    };
    let right = match (kind.readable)(tx) {
        Err(Error::Denied(_)) => return Ok(Vec::new()),
        other => other?,
    };
    Ok(file::table
        .filter(file::organisation_id.eq(tx.organisation()))
        .filter(file::subject_id.eq_any(records))
        .filter(file::attached)
        .filter(file::archived_at.is_null())
        .filter(kind.holds(right))
        .order((file::created_at.desc(), file::id.desc()))
        .select(File::as_select())
        .load(tx.conn())
        .await?)
}
