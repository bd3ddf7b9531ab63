//! Why a request was not made, or not answered.

use crate::address::Kind;

/// The result of a request.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a request was not made, or not answered. Holds no text of the other side but what says
/// which step failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The address is not written as one: what is wrong with it.
    #[error("the address is malformed: {0}")]
    Malformed(&'static str),
    /// The address may not be reached.
    #[error("{host} may not be reached: its address is {kind}")]
    Forbidden {
        /// The host as written.
        host: String,
        /// What kind of address it has.
        kind: Kind,
    },
    /// The name has no address.
    #[error("the name has no address")]
    Unresolved,
    /// Nothing came in time.
    #[error("nothing came in time")]
    TimedOut,
    /// Nobody listens there.
    #[error("nobody listens there")]
    Unreachable,
    /// No secure connection came about.
    #[error("no secure connection: {0}")]
    Tls(String),
    /// The answer could not be read.
    #[error("the answer could not be read: {0}")]
    Answer(String),
}

impl Error {
    /// Whether asking is against the rules, rather than without success.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Malformed(_) | Self::Forbidden { .. })
    }
}
