//! Where the bytes of files lie: a local folder or S3, each file under the hash of what is in it.
//! Every organisation has a folder of its own, so that nobody learns from a hash what others keep.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use kernel::ids::OrganisationId;
use kernel::{Error, Result};
use object_store::local::LocalFileSystem;
use object_store::{ObjectStore, ObjectStoreExt};
use sha2::{Digest, Sha256};

use crate::secret::Keys;
use crate::throttle::hex;

/// The store of files, and the keys that sign the links to them.
#[derive(Clone)]
pub struct FileStore {
    store: Arc<dyn ObjectStore>,
    keys: Keys,
}

impl FileStore {
    /// A store in a local folder, which is made if it is missing.
    pub fn local(folder: &Path, keys: Keys) -> Result<Self> {
        std::fs::create_dir_all(folder)
            .map_err(|error| Error::bug(format!("file store {}: {error}", folder.display())))?;
        let store = LocalFileSystem::new_with_prefix(folder)
            .map_err(|error| Error::bug(format!("file store: {error}")))?
            .with_fsync(true);
        Ok(Self {
            store: Arc::new(store),
            keys,
        })
    }

    /// A store in a bucket of S3 or a like service; credentials come from the usual variables of
    /// the environment.
    #[cfg(feature = "s3")]
    pub fn s3(bucket: &str, keys: Keys) -> Result<Self> {
        crate::oidc::use_crypto();
        let store = object_store::aws::AmazonS3Builder::from_env()
            .with_bucket_name(bucket)
            .build()
            .map_err(|error| Error::bug(format!("file store: {error}")))?;
        Ok(Self {
            store: Arc::new(store),
            keys,
        })
    }

    /// A store in memory, for tests.
    pub fn memory(keys: Keys) -> Self {
        Self {
            store: Arc::new(object_store::memory::InMemory::new()),
            keys,
        }
    }

    /// The keys that sign the links.
    pub(crate) fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Keeps bytes and gives their SHA-256. The same bytes again change nothing. Happens before the
    /// row commits: bytes without a row harm nobody, a row without bytes would.
    pub(crate) async fn put(&self, organisation: OrganisationId, bytes: Bytes) -> Result<Vec<u8>> {
        let hash = Sha256::digest(&bytes).to_vec();
        let path = path_of(organisation, &hash);
        self.store.put(&path, bytes.into()).await.map_err(away)?;
        Ok(hash)
    }

    /// The bytes of a hash, checked against it.
    pub(crate) async fn get(&self, organisation: OrganisationId, hash: &[u8]) -> Result<Bytes> {
        let found = self
            .store
            .get(&path_of(organisation, hash))
            .await
            .map_err(away)?;
        let bytes = found.bytes().await.map_err(away)?;
        if Sha256::digest(&bytes).as_slice() != hash {
            return Err(Error::bug("a stored file differs from its hash"));
        }
        Ok(bytes)
    }
}

impl std::fmt::Debug for FileStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FileStore({})", self.store)
    }
}

fn path_of(organisation: OrganisationId, hash: &[u8]) -> object_store::path::Path {
    let name = hex(hash);
    let shelf = name.get(..2).unwrap_or_default();
    object_store::path::Path::from(format!("{}/{shelf}/{name}", organisation.0.simple()))
}

fn away(error: object_store::Error) -> Error {
    match error {
        object_store::Error::NotFound { .. } => Error::bug("a stored file is missing"),
        other => Error::Unavailable(format!("file store: {other}")),
    }
}
