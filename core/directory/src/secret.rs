//! Secrets: the keys of the installation, random tokens and how they are kept, sealed values, and
//! an input text that never shows itself.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use kernel::id::TypedId;
use kernel::ids::OrganisationId;
use kernel::{Error, Result};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

/// Bytes of a random secret: 256 bits.
const SECRET_BYTES: usize = 32;
/// Bytes of the nonce of XChaCha20.
const NONCE_BYTES: usize = 24;

/// The keys of an installation, each derived from its one master secret for one purpose.
#[derive(Clone)]
pub struct Keys {
    sealing: [u8; 32],
    signing: [u8; 32],
    lookup: [u8; 32],
}

impl Keys {
    /// Derives the keys. The master secret has at least 32 bytes and never changes: it hides
    /// second factors and finds log-ins.
    pub fn new(master: &[u8]) -> Result<Self> {
        if master.len() < SECRET_BYTES {
            return Err(Error::bug("the master secret has fewer than 32 bytes"));
        }
        let derive = |purpose: &str| mac(master, &[b"trastienda", purpose.as_bytes()]);
        Ok(Self {
            sealing: derive("seal"),
            signing: derive("sign"),
            lookup: derive("lookup"),
        })
    }

    /// What an e-mail address is found by before a tenant is known.
    pub fn email_hash(&self, email: &str) -> [u8; 32] {
        mac(&self.lookup, &[b"email", email.as_bytes()])
    }

    /// What failed tries of a name from a source are counted by.
    pub fn throttle_key(&self, what: &str, name: &str, source: &str) -> [u8; 32] {
        mac(
            &self.lookup,
            &[
                b"throttle",
                what.as_bytes(),
                name.as_bytes(),
                source.as_bytes(),
            ],
        )
    }

    /// A signature of the parts, in URL-safe text.
    pub fn sign(&self, parts: &[&str]) -> String {
        let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
        URL_SAFE_NO_PAD.encode(mac(&self.signing, &parts))
    }

    /// Whether it is the signature of the parts.
    pub fn is_signed(&self, parts: &[&str], signature: &str) -> bool {
        same(self.sign(parts).as_bytes(), signature.as_bytes())
    }

    /// Encrypts a value, bound to whom it belongs.
    pub fn seal(&self, plain: &[u8], owner: Uuid) -> Result<Vec<u8>> {
        let nonce: [u8; NONCE_BYTES] = random()?;
        let payload = Payload {
            msg: plain,
            aad: owner.as_bytes(),
        };
        let sealed = self
            .cipher()
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| Error::bug("a value could not be sealed"))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Decrypts what [`Keys::seal`] made for the same owner.
    pub fn open(&self, sealed: &[u8], owner: Uuid) -> Result<Vec<u8>> {
        let bad = || Error::bug("a sealed value could not be opened: another master secret?");
        let (nonce, body) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or_else(bad)?;
        let payload = Payload {
            msg: body,
            aad: owner.as_bytes(),
        };
        self.cipher()
            .decrypt(&XNonce::from(*nonce), payload)
            .map_err(|_| bad())
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&self.sealing.into())
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys(***)")
    }
}

/// HMAC-SHA-256 of parts that can't run into each other.
fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key)
        .unwrap_or_else(|_| unreachable!("HMAC takes a key of any length"));
    for part in parts {
        mac.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// Random bytes of the operating system.
pub fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0_u8; N];
    getrandom::fill(&mut bytes).map_err(|error| Error::bug(format!("no random bytes: {error}")))?;
    Ok(bytes)
}

/// Random text of 256 bits, safe in URLs.
pub fn random_text() -> Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(random::<SECRET_BYTES>()?))
}

/// What is kept of a random secret. It is too long to be guessed, so one hash is enough.
pub fn hash(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

/// Compares in a time that tells nothing.
pub fn same(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}

kernel::text_enum! {
    /// What a token is for; the text is how it begins.
    pub enum TokenKind {
        /// The cookie of a browser's session.
        Cookie = "trc",
        /// The short-lived bearer token of a mobile session.
        Access = "tra",
        /// What gets the next access token, once.
        Refresh = "trr",
        /// An API key.
        ApiKey = "trk",
        /// A log-in on its way through an identity provider.
        Identity = "tri",
    }
}

/// A token: what for, in which organisation, of which record, and its secret. Its text is
/// `trk_<organisation>_<record>_<secret>`.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// What it is for.
    pub kind: TokenKind,
    /// The tenant in which it is looked up.
    pub organisation: OrganisationId,
    /// The session or key that it belongs to.
    pub record: Uuid,
    secret: String,
}

impl Token {
    /// A new token of a record.
    pub fn new(
        kind: TokenKind,
        organisation: OrganisationId,
        record: impl TypedId,
    ) -> Result<Self> {
        Ok(Self {
            kind,
            organisation,
            record: record.uuid(),
            secret: random_text()?,
        })
    }

    /// Reads a token of a kind; `None` for anything else.
    pub fn parse(kind: TokenKind, text: &str) -> Option<Self> {
        if text.len() > 200 {
            return None;
        }
        let mut parts = text.splitn(4, '_');
        if parts.next()? != kind.text() {
            return None;
        }
        let organisation = OrganisationId(Uuid::try_parse(parts.next()?).ok()?);
        let record = Uuid::try_parse(parts.next()?).ok()?;
        let secret = parts.next()?.to_owned();
        Some(Self {
            kind,
            organisation,
            record,
            secret,
        })
    }

    /// What is kept of it.
    pub fn hash(&self) -> Vec<u8> {
        hash(&self.secret)
    }

    /// Whether a kept hash is this token's.
    pub fn fits(&self, kept: &[u8]) -> bool {
        same(&self.hash(), kept)
    }

    /// The text that the bearer gets.
    pub fn text(&self) -> String {
        let (organisation, record) = (self.organisation.0.simple(), self.record.simple());
        format!("{}_{organisation}_{record}_{}", self.kind, self.secret)
    }

    /// The CSRF token that goes with a session's cookie: whoever can't read the cookie can't make
    /// it, and it tells nothing about the cookie.
    pub fn csrf(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(format!("csrf:{}", self.text()).as_bytes()))
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Token({}, {})", self.kind, self.record)
    }
}

/// A secret of an input: a string in GraphQL that never shows itself in a log.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Sensitive(pub String);

impl std::fmt::Debug for Sensitive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl From<&str> for Sensitive {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl async_graphql::InputType for Sensitive {
    type RawValueType = Self;
    fn type_name() -> Cow<'static, str> {
        <String as async_graphql::InputType>::type_name()
    }
    fn create_type_info(registry: &mut async_graphql::registry::Registry) -> String {
        <String as async_graphql::InputType>::create_type_info(registry)
    }
    fn parse(value: Option<async_graphql::Value>) -> async_graphql::InputValueResult<Self> {
        <String as async_graphql::InputType>::parse(value)
            .map(Self)
            .map_err(async_graphql::InputValueError::propagate)
    }
    fn to_value(&self) -> async_graphql::Value {
        async_graphql::Value::String(self.0.clone())
    }
    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::ids::SessionId;

    fn keys() -> Keys {
        Keys::new(&[7; 32]).unwrap()
    }

    #[test]
    fn a_token_reads_back_and_only_as_what_it_is() {
        let (organisation, session) = (OrganisationId::generate(), SessionId::generate());
        let token = Token::new(TokenKind::Access, organisation, session).unwrap();
        let read = Token::parse(TokenKind::Access, &token.text()).unwrap();
        assert_eq!((read.organisation, read.record), (organisation, session.0));
        assert!(read.fits(&token.hash()));
        assert!(Token::parse(TokenKind::Cookie, &token.text()).is_none());
        assert!(Token::parse(TokenKind::Access, "tra_x_y_z").is_none());
        assert!(!format!("{token:?}").contains(&token.secret));
        assert_ne!(token.csrf(), URL_SAFE_NO_PAD.encode(token.hash()));
    }

    #[test]
    fn a_sealed_value_opens_for_its_owner_alone() {
        let owner = Uuid::now_v7();
        let sealed = keys().seal(b"secret", owner).unwrap();
        assert_eq!(keys().open(&sealed, owner).unwrap(), b"secret");
        assert!(keys().open(&sealed, Uuid::now_v7()).is_err());
        assert!(Keys::new(&[8; 32]).unwrap().open(&sealed, owner).is_err());
        assert!(keys().open(b"short", owner).is_err());
    }

    #[test]
    fn parts_of_a_signature_do_not_run_into_each_other() {
        assert_ne!(keys().sign(&["ab", "c"]), keys().sign(&["a", "bc"]));
        assert!(keys().is_signed(&["a"], &keys().sign(&["a"])));
        assert!(Keys::new(&[7; 31]).is_err());
    }
}
