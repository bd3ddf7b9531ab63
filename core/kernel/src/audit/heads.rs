//! Signed heads of the chains, kept where the database's writer can't reach them.

use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use ed25519_dalek::{Signature, Signer as _, SigningKey, Verifier as _};
use object_store::ObjectStore;
use object_store::path::Path as ObjectPath;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::chain::{hash_at, heads, hex};
use super::shelf::Shelf;
use crate::error::Result;
use crate::ids::OrganisationId;
use crate::tx::Tx;

/// A head of a chain at an instant, signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedHead {
    /// Whose chain.
    pub organisation: OrganisationId,
    /// The position of the head.
    pub position: i64,
    /// The hash of the head, in hex.
    pub hash: String,
    /// When it was exported.
    pub at: DateTime<Utc>,
    /// The Ed25519 signature of the fields above, in hex.
    pub signature: String,
}

/// Signed heads, and the key that signs them.
pub struct HeadBook {
    shelf: Shelf,
    key: SigningKey,
}

impl HeadBook {
    /// A book in a folder, one file an organisation, one JSON object a line, signed by a key
    /// derived from the installation's secret.
    pub fn new(folder: PathBuf, master: &[u8]) -> Self {
        Self::on(Shelf::folder(folder), master)
    }

    /// A book in an object store, below a path: one object a head, which is never overwritten.
    pub fn in_objects(store: Arc<dyn ObjectStore>, below: ObjectPath, master: &[u8]) -> Self {
        Self::on(Shelf::objects(store, below), master)
    }

    fn on(shelf: Shelf, master: &[u8]) -> Self {
        let seed = Sha256::new()
            .chain_update(b"trastienda audit heads")
            .chain_update(master);
        let key = SigningKey::from_bytes(&seed.finalize().into());
        Self { shelf, key }
    }

    /// The key that others check the signatures with, in hex.
    pub fn public_key(&self) -> String {
        hex(self.key.verifying_key().as_bytes())
    }

    /// Writes down the heads that moved since the last time, as the relay's role. Gives how many.
    pub async fn export(
        &self,
        connection: &mut AsyncPgConnection,
        now: DateTime<Utc>,
    ) -> Result<usize> {
        let mut written = 0;
        for (organisation, position, hash) in heads(connection).await? {
            if position == 0 || self.shelf.last(organisation).await? == Some(position) {
                continue;
            }
            let head = self.signed(organisation, position, hash, now);
            self.shelf.add(&head).await?;
            written += 1;
        }
        Ok(written)
    }

    /// The first exported head that the organisation's chain contradicts, if any; how many were
    /// compared.
    pub async fn contradicted(&self, tx: &mut Tx) -> Result<(usize, Option<SignedHead>)> {
        let exported = self.shelf.read(tx.organisation()).await?;
        let count = exported.len();
        for head in exported {
            let kept = hash_at(tx, head.position).await?;
            if !self.is_genuine(&head) || kept.as_deref() != Some(head.hash.as_str()) {
                return Ok((count, Some(head)));
            }
        }
        Ok((count, None))
    }

    fn signed(
        &self,
        organisation: OrganisationId,
        position: i64,
        hash: String,
        at: DateTime<Utc>,
    ) -> SignedHead {
        let mut head = SignedHead {
            organisation,
            position,
            hash,
            at,
            signature: String::new(),
        };
        head.signature = hex(&self.key.sign(content(&head).as_bytes()).to_bytes());
        head
    }

    fn is_genuine(&self, head: &SignedHead) -> bool {
        let Some(bytes) = unhex(&head.signature) else {
            return false;
        };
        let Ok(signature) = Signature::from_slice(&bytes) else {
            return false;
        };
        self.key
            .verifying_key()
            .verify(content(head).as_bytes(), &signature)
            .is_ok()
    }
}

impl std::fmt::Debug for HeadBook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HeadBook")
            .field("shelf", &self.shelf)
            .finish_non_exhaustive()
    }
}

fn content(head: &SignedHead) -> String {
    format!(
        "{}\n{}\n{}\n{}",
        head.organisation,
        head.position,
        head.hash,
        head.at.to_rfc3339()
    )
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = |start: usize| u8::from_str_radix(text.get(start..start + 2)?, 16).ok();
    (text.len().is_multiple_of(2)).then(|| (0..text.len()).step_by(2).map(digits).collect())?
}
