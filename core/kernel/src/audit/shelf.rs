//! Where signed heads are kept: a folder, or an object store whose policy can forbid deletion.

use std::collections::HashMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use futures::{StreamExt, TryStreamExt};
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore, ObjectStoreExt, PutMode};

use super::heads::SignedHead;
use crate::error::{Error, Result};
use crate::ids::OrganisationId;

/// Objects fetched at once.
const AT_ONCE: usize = 16;

/// A place for heads; nothing on it is ever changed.
#[derive(Debug)]
pub(super) enum Shelf {
    /// One file an organisation, one JSON object a line.
    Folder(PathBuf),
    /// One object a head.
    Objects(Bucket),
}

/// Heads as objects, named so that their order is that of the chain.
#[derive(Debug)]
pub(super) struct Bucket {
    store: Arc<dyn ObjectStore>,
    below: ObjectPath,
    /// The last position of each organisation, so that a look costs no listing.
    last: Mutex<HashMap<OrganisationId, i64>>,
}

impl Shelf {
    pub(super) fn folder(folder: PathBuf) -> Self {
        Self::Folder(folder)
    }

    pub(super) fn objects(store: Arc<dyn ObjectStore>, below: ObjectPath) -> Self {
        Self::Objects(Bucket {
            store,
            below,
            last: Mutex::default(),
        })
    }

    /// The position of the newest head of an organisation.
    pub(super) async fn last(&self, organisation: OrganisationId) -> Result<Option<i64>> {
        match self {
            Self::Folder(folder) => Ok(read_lines(folder, organisation)?
                .pop()
                .map(|head| head.position)),
            Self::Objects(bucket) => bucket.last(organisation).await,
        }
    }

    /// Every head of an organisation, oldest first.
    pub(super) async fn read(&self, organisation: OrganisationId) -> Result<Vec<SignedHead>> {
        match self {
            Self::Folder(folder) => read_lines(folder, organisation),
            Self::Objects(bucket) => bucket.read(organisation).await,
        }
    }

    /// Adds a head.
    pub(super) async fn add(&self, head: &SignedHead) -> Result<()> {
        match self {
            Self::Folder(folder) => append(folder, head),
            Self::Objects(bucket) => bucket.add(head).await,
        }
    }
}

impl Bucket {
    fn shelf_of(&self, organisation: OrganisationId) -> ObjectPath {
        self.below.clone().join(organisation.to_string())
    }

    async fn names(&self, organisation: OrganisationId) -> Result<Vec<ObjectPath>> {
        let below = self.shelf_of(organisation);
        let listed = self.store.list(Some(&below));
        let mut names: Vec<ObjectPath> = listed
            .map_ok(|object| object.location)
            .try_collect()
            .await
            .map_err(|error| away(&error))?;
        names.sort_unstable();
        Ok(names)
    }

    async fn last(&self, organisation: OrganisationId) -> Result<Option<i64>> {
        if let Some(known) = self.known(organisation) {
            return Ok(Some(known));
        }
        let names = self.names(organisation).await?;
        let position = names.last().and_then(position_of);
        if let Some(position) = position {
            self.remember(organisation, position);
        }
        Ok(position)
    }

    async fn read(&self, organisation: OrganisationId) -> Result<Vec<SignedHead>> {
        let names = self.names(organisation).await?;
        futures::stream::iter(names.into_iter().map(|name| self.fetch(name)))
            .buffered(AT_ONCE)
            .try_collect()
            .await
    }

    async fn fetch(&self, name: ObjectPath) -> Result<SignedHead> {
        let found = self.store.get(&name).await.map_err(|error| away(&error))?;
        let bytes = found.bytes().await.map_err(|error| away(&error))?;
        Ok(serde_json::from_slice(&bytes)?)
    }

    /// Another worker may have been first: its head of this position says the same.
    async fn add(&self, head: &SignedHead) -> Result<()> {
        let name = format!("{:020}.json", head.position);
        let name = self.shelf_of(head.organisation).join(name);
        let body = serde_json::to_vec(head)?;
        let put = self
            .store
            .put_opts(&name, body.into(), PutMode::Create.into());
        match put.await {
            Ok(_) | Err(object_store::Error::AlreadyExists { .. }) => {
                self.remember(head.organisation, head.position);
                Ok(())
            }
            Err(error) => Err(away(&error)),
        }
    }

    fn known(&self, organisation: OrganisationId) -> Option<i64> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.get(&organisation).copied()
    }

    fn remember(&self, organisation: OrganisationId, position: i64) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.insert(organisation, position);
    }
}

fn position_of(name: &ObjectPath) -> Option<i64> {
    name.filename()?.strip_suffix(".json")?.parse().ok()
}

fn read_lines(folder: &Path, organisation: OrganisationId) -> Result<Vec<SignedHead>> {
    match fs::read_to_string(file_of(folder, organisation)) {
        Ok(text) => text
            .lines()
            .map(|line| Ok(serde_json::from_str(line)?))
            .collect(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(away(&error)),
    }
}

fn append(folder: &Path, head: &SignedHead) -> Result<()> {
    fs::create_dir_all(folder).map_err(|error| away(&error))?;
    let line = serde_json::to_string(head)?;
    let file = fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(file_of(folder, head.organisation));
    file.and_then(|mut file| {
        writeln!(file, "{line}")?;
        file.sync_data()
    })
    .map_err(|error| away(&error))
}

fn file_of(folder: &Path, organisation: OrganisationId) -> PathBuf {
    folder.join(format!("{organisation}.jsonl"))
}

fn away(error: &dyn std::fmt::Display) -> Error {
    Error::Unavailable(format!("audit heads: {error}"))
}
