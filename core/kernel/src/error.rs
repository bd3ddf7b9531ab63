//! What can go wrong, in the few kinds that callers tell apart.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

use crate::fault::Fault;

/// The result of everything in the core.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something did not happen.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A person can mend it: the faults say how.
    #[error("refused: {0:?}")]
    Refused(Vec<Fault>),
    /// The actor lacks a permission.
    #[error("denied: {0}")]
    Denied(&'static str),
    /// The act needs a fresh proof of identity.
    #[error("step-up needed")]
    StepUpNeeded,
    /// The system is busy or a part of it is away; trying again is right.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// A job was cancelled or lost its lease: its work must not be recorded.
    #[error("interrupted: {0}")]
    Interrupted(&'static str),
    /// A defect of ours or of the data.
    #[error("bug: {0}")]
    Bug(String),
}

impl Error {
    /// A defect, with what was seen.
    pub fn bug(what: impl Into<String>) -> Self {
        Self::Bug(what.into())
    }

    /// Whether trying again later can help.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }

    /// A short text for logs and job rows; holds no personal data.
    pub fn summary(&self) -> String {
        match self {
            Self::Refused(faults) => faults
                .iter()
                .map(|fault| fault.reason)
                .collect::<Vec<_>>()
                .join(", "),
            other => other.to_string(),
        }
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::Refused(vec![fault])
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::Bug(format!("JSON: {error}"))
    }
}

impl From<DieselError> for Error {
    fn from(error: DieselError) -> Self {
        match &error {
            DieselError::DatabaseError(kind, detail) => {
                let text = format!(
                    "{} ({})",
                    detail.message(),
                    detail.constraint_name().unwrap_or("no constraint")
                );
                match kind {
                    DatabaseErrorKind::UniqueViolation => match detail.constraint_name() {
                        Some(name) => Fault::from_constraint(name).into(),
                        None => Self::Bug(text),
                    },
                    DatabaseErrorKind::SerializationFailure
                    | DatabaseErrorKind::UnableToSendCommand
                    | DatabaseErrorKind::ClosedConnection => Self::Unavailable(text),
                    _ if is_passing(detail.message()) => Self::Unavailable(text),
                    _ => Self::Bug(text),
                }
            }
            other => Self::Bug(format!("database: {other}")),
        }
    }
}

/// Deadlocks, lock and statement time-outs come without a kind of their own.
fn is_passing(message: &str) -> bool {
    [
        "deadlock detected",
        "lock timeout",
        "statement timeout",
        "terminating connection",
    ]
    .iter()
    .any(|sign| message.contains(sign))
}
