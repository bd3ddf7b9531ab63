//! Files that were attached to records, through the API: which kinds of record have files, and the
//! files of a record, read at once for all records of a request.

use std::marker::PhantomData;

use async_graphql::{Context, Result};
use directory::file::{self, Attachables};
use kernel::Tx;
use kernel::id::{TypedId, encode};
use kernel::ids::FileId;
use uuid::Uuid;

use crate::call::Call;
use crate::connection::{Connection, Slice};
use crate::directory::file::File;
use crate::loader::{Noun, Part, Parts};
use crate::whole;

/// Every kind of record that files can be attached to.
pub const ATTACHABLE: Attachables = &[
    file::ATTACHABLE,
    ledger::ATTACHABLE,
    processes::ATTACHABLE,
    people::ATTACHABLE,
    inventory::ATTACHABLE,
    technology::ATTACHABLE,
    finance::ATTACHABLE,
    compliance::ATTACHABLE,
];

/// Files as the API reads them: by themselves, or by the records that they are attached to.
pub mod files {
    use directory::file::{self, File, FileFilter, FileSortField};
    use kernel::ids::FileId;
    use kernel::page::{Page, PageRequest};
    use kernel::{Result, Tx};

    use super::ATTACHABLE;

    /// A page of the files that the actor may read.
    pub async fn page(
        tx: &mut Tx,
        request: PageRequest<FileFilter, FileSortField>,
    ) -> Result<Page<File>> {
        file::page(tx, ATTACHABLE, request).await
    }

    /// How many files the actor may read.
    pub async fn count(
        tx: &mut Tx,
        request: PageRequest<FileFilter, FileSortField>,
    ) -> Result<i64> {
        file::count(tx, ATTACHABLE, request).await
    }

    /// The visible ones among some files.
    pub async fn by_ids(tx: &mut Tx, ids: &[FileId]) -> Result<Vec<File>> {
        file::by_ids(tx, ATTACHABLE, ids).await
    }
}

/// A file of a record of a kind.
struct Attached<N> {
    file: File,
    of: PhantomData<fn() -> N>,
}

impl<N> Clone for Attached<N> {
    fn clone(&self) -> Self {
        Self {
            file: self.file.clone(),
            of: PhantomData,
        }
    }
}

impl<N: Noun> Part for Attached<N> {
    type Of = N::Id;

    fn of<'t>(tx: &'t mut Tx, ids: &'t [N::Id]) -> Parts<'t, N::Id, Self> {
        Box::pin(async move {
            let records: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
            let found = file::attached_to(tx, ATTACHABLE, N::NAME, &records).await?;
            let part = |row: file::File| {
                let record = N::Id::from_uuid(row.subject_id?);
                let file = File(row);
                let of = PhantomData;
                Some((record, Self { file, of }))
            };
            Ok(found.into_iter().filter_map(part).collect())
        })
    }
}

/// The files attached to a record, the latest first. The cursor of a file is its id.
pub(crate) async fn attachments<N: Noun>(
    graph: &Context<'_>,
    record: N::Id,
    slice: Slice,
) -> Result<Connection<File>> {
    let call = Call::of(graph)?;
    let files = call.parts::<Attached<N>>(record).await?;
    let rows = files.into_iter().map(|attached| {
        let cursor = encode(FileId::PREFIX, attached.file.0.id.0);
        (cursor, attached.file)
    });
    whole::connection(call, rows.collect(), &slice)
}

/// That the viewer may archive a file.
#[derive(Clone)]
pub(super) struct Archivable;

impl Part for Archivable {
    type Of = FileId;

    fn of<'t>(tx: &'t mut Tx, ids: &'t [FileId]) -> Parts<'t, FileId, Self> {
        Box::pin(async move {
            let found = file::archivable(tx, ATTACHABLE, ids).await?;
            Ok(found.into_iter().map(|id| (id, Self)).collect())
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use directory::file::AttachmentSubject;

    use super::*;

    #[test]
    fn every_record_that_an_attachment_can_name_says_who_sees_its_files() {
        let said: Vec<&str> = ATTACHABLE
            .iter()
            .copied()
            .flatten()
            .map(|it| it.kind)
            .collect();
        let kinds: BTreeSet<&str> = said.iter().copied().collect();
        assert_eq!(kinds.len(), said.len(), "a kind is said twice: {said:?}");
        assert_eq!(kinds, AttachmentSubject::KINDS.iter().copied().collect());
        for kind in kinds {
            assert!(
                crate::node::id_of(kind, Uuid::nil()).is_some(),
                "{kind} is no record"
            );
        }
    }
}
