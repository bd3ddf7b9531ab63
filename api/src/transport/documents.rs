//! Documents that outlive a request: trusted ones, and those that clients register by hash.

use super::refusal::{Refusal, code};
use futures::future::BoxFuture;
use quick_cache::sync::Cache;
use sha2::{Digest as _, Sha256};
use std::{collections::HashMap, fmt::Write as _, fs, io, path::Path, sync::Arc};

/// The SHA-256 of a query text.
pub(super) type Digest = [u8; 32];

/// The SHA-256 of a text.
pub(super) fn digest(text: &str) -> Digest {
    Sha256::digest(text.as_bytes()).into()
}

/// A digest as lower-case hexadecimal, as clients send it.
#[must_use]
pub fn document_hash(text: &str) -> String {
    digest(text)
        .iter()
        .fold(String::with_capacity(64), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

/// Where trusted documents are kept: those that the makers of the clients wrote.
pub trait DocumentStore: Send + Sync + 'static {
    /// The text of a trusted document by its id or by its SHA-256 in hexadecimal.
    fn find<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Option<Arc<str>>>;
}

/// Trusted documents in memory.
#[derive(Debug, Clone, Default)]
pub struct TrustedDocuments {
    by_id: HashMap<String, Arc<str>>,
}

impl TrustedDocuments {
    /// No documents.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a document, to be found by this id and by its hash.
    #[must_use]
    pub fn with(mut self, id: &str, text: &str) -> Self {
        let text: Arc<str> = Arc::from(text);
        self.by_id.insert(document_hash(&text), Arc::clone(&text));
        self.by_id.insert(id.to_owned(), text);
        self
    }

    /// Reads every `*.graphql` file of a folder; the id is the file's name without the ending.
    ///
    /// # Errors
    /// When the folder or one of its files can't be read, or a file is not UTF-8.
    pub fn from_folder(folder: &Path) -> io::Result<Self> {
        let mut documents = Self::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let is_document = path.extension().is_some_and(|ending| ending == "graphql");
            let stem = path.file_stem().and_then(|stem| stem.to_str());
            if let (true, Some(id)) = (is_document, stem) {
                documents = documents.with(id, &fs::read_to_string(&path)?);
            }
        }
        Ok(documents)
    }

    /// How many ids and hashes are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there is no document.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }
}

impl DocumentStore for TrustedDocuments {
    fn find<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Option<Arc<str>>> {
        let bare = id.strip_prefix("sha256:").unwrap_or(id);
        let found = self.by_id.get(bare).cloned();
        Box::pin(std::future::ready(found))
    }
}

/// How a request names its document.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Naming<'a> {
    pub query: Option<&'a str>,
    pub document_id: Option<&'a str>,
    /// `extensions.persistedQuery.sha256Hash`.
    pub hash: Option<&'a str>,
}

/// A document's text and whether it is one of the trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub text: Arc<str>,
    pub trusted: bool,
    /// The client asks to find it by its hash from now on.
    pub register: bool,
}

/// All documents that can be named.
pub(super) struct Library {
    trusted: Option<Arc<dyn DocumentStore>>,
    trusted_only: bool,
    registered: Cache<Digest, Arc<str>>,
}

impl Library {
    pub fn new(trusted: Option<Arc<dyn DocumentStore>>, trusted_only: bool, room: usize) -> Self {
        Self {
            trusted,
            trusted_only,
            registered: Cache::new(room),
        }
    }

    /// Finds the text that a request names.
    pub async fn find(&self, naming: Naming<'_>) -> Result<Named, Refusal> {
        let named = match naming {
            Naming {
                query: Some(text),
                hash,
                ..
            } => self.given(text, hash).await?,
            Naming {
                document_id: Some(id),
                ..
            } => self.stored(id).await?,
            Naming {
                hash: Some(hash), ..
            } => self.by_hash(hash).await?,
            _ => return Err(no_query()),
        };
        if self.trusted_only && !named.trusted {
            return Err(trusted_only());
        }
        Ok(named)
    }

    /// Keeps a text under its hash; called once it has passed the guard.
    pub fn register(&self, hash: Digest, text: Arc<str>) {
        self.registered.insert(hash, text);
    }

    async fn given(&self, text: &str, hash: Option<&str>) -> Result<Named, Refusal> {
        if hash.is_some_and(|hash| !hash.eq_ignore_ascii_case(&document_hash(text))) {
            return Err(Refusal::malformed(
                "sha256Hash no es el SHA-256 de la consulta.",
                "sha256Hash is not the SHA-256 of the query.",
            ));
        }
        let trusted = match &self.trusted {
            Some(store) => store.find(&document_hash(text)).await.is_some(),
            None => false,
        };
        let register = hash.is_some() && !trusted;
        Ok(Named {
            text: Arc::from(text),
            trusted,
            register,
        })
    }

    async fn stored(&self, id: &str) -> Result<Named, Refusal> {
        let store = self.trusted.as_ref().ok_or_else(not_found)?;
        let text = store.find(id).await.ok_or_else(not_found)?;
        Ok(Named {
            text,
            trusted: true,
            register: false,
        })
    }

    async fn by_hash(&self, hash: &str) -> Result<Named, Refusal> {
        if let Ok(named) = self.stored(hash).await {
            return Ok(named);
        }
        let found = parse_hex(hash).and_then(|digest| self.registered.get(&digest));
        let text = found.ok_or_else(not_found)?;
        Ok(Named {
            text,
            trusted: false,
            register: false,
        })
    }
}

fn parse_hex(hash: &str) -> Option<Digest> {
    let mut digest = [0u8; 32];
    if hash.len() != 64 || !hash.is_ascii() {
        return None;
    }
    for (byte, pair) in digest.iter_mut().zip(hash.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(digest)
}

fn no_query() -> Refusal {
    Refusal::malformed(
        "Falta la consulta: indique query, documentId o extensions.persistedQuery.",
        "The query is missing: give query, documentId or extensions.persistedQuery.",
    )
}

fn not_found() -> Refusal {
    // Clients of automatic persisted queries look for this very message.
    let message = "PersistedQueryNotFound".to_owned();
    Refusal::document(code::DOCUMENT_UNKNOWN, message.clone(), message)
}

fn trusted_only() -> Refusal {
    Refusal::document(
        code::TRUSTED_ONLY,
        "Aquí solo se ejecutan documentos autorizados.".to_owned(),
        "Only trusted documents are executed here.".to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELLO: &str = "{ __typename }";

    async fn found(library: &Library, naming: Naming<'_>) -> Result<Named, &'static str> {
        library.find(naming).await.map_err(|refusal| refusal.code)
    }

    #[tokio::test]
    async fn a_hash_is_known_once_registered() {
        let library = Library::new(None, false, 10);
        let hash = document_hash(HELLO);
        let by_hash = || Naming {
            hash: Some(&hash),
            ..Naming::default()
        };
        assert_eq!(
            found(&library, by_hash()).await.unwrap_err(),
            code::DOCUMENT_UNKNOWN
        );
        let both = Naming {
            query: Some(HELLO),
            hash: Some(&hash),
            ..Naming::default()
        };
        assert!(found(&library, both).await.unwrap().register);
        library.register(digest(HELLO), Arc::from(HELLO));
        assert_eq!(&*found(&library, by_hash()).await.unwrap().text, HELLO);
        let wrong = Naming {
            query: Some("{ a }"),
            hash: Some(&hash),
            ..Naming::default()
        };
        assert_eq!(found(&library, wrong).await.unwrap_err(), code::REQUEST);
        assert_eq!(
            found(&library, Naming::default()).await.unwrap_err(),
            code::REQUEST
        );
    }

    #[tokio::test]
    async fn the_allow_list_lets_only_trusted_documents_in() {
        let store = TrustedDocuments::new().with("hello", HELLO);
        let library = Library::new(Some(Arc::new(store)), true, 10);
        let id = |id| Naming {
            document_id: Some(id),
            ..Naming::default()
        };
        let text = |text| Naming {
            query: Some(text),
            ..Naming::default()
        };
        let hash = format!("sha256:{}", document_hash(HELLO));
        assert!(found(&library, id("hello")).await.unwrap().trusted);
        assert!(found(&library, id(&hash)).await.unwrap().trusted);
        assert!(found(&library, text(HELLO)).await.unwrap().trusted);
        assert_eq!(
            found(&library, text("{ a }")).await.unwrap_err(),
            code::TRUSTED_ONLY
        );
        assert_eq!(
            found(&library, id("none")).await.unwrap_err(),
            code::DOCUMENT_UNKNOWN
        );
    }

    #[test]
    fn a_folder_is_read_by_file_name() {
        let folder = std::env::temp_dir().join(format!("trusted-{}", uuid::Uuid::now_v7()));
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("hello.graphql"), HELLO).unwrap();
        fs::write(folder.join("README.md"), "no").unwrap();
        let documents = TrustedDocuments::from_folder(&folder).unwrap();
        assert_eq!(documents.len(), 2, "by id and by hash");
        fs::remove_dir_all(&folder).unwrap();
    }
}
