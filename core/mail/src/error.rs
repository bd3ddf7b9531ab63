//! Why a message was not handed over, in the kinds that callers tell apart.

/// Why a message was not handed over.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The settings make no mailer; says which and why.
    #[error("mail settings: {0}")]
    Settings(String),
    /// The message can't be written as mail: names the part, as in `subject` or `to.address`.
    #[error("the {part} of a message is not possible")]
    Impossible {
        /// The part of the message.
        part: String,
    },
    /// The server is away, too busy or will take it later: trying again is right.
    #[error("the mail server does not take it now: {0}")]
    Passing(String),
    /// The server refused it for good.
    #[error("the mail server refused it: {0}")]
    Rejected(String),
}

impl MailError {
    /// A part of a message that can't be written as mail.
    pub(crate) fn impossible(part: impl Into<String>) -> Self {
        Self::Impossible { part: part.into() }
    }

    /// Whether trying again later can help.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Passing(_))
    }
}
