//! Mail that leaves: typed messages over SMTP, or as `.eml` files in a folder where no server is
//! set.
//!
//! - [`MailSettings`]: which of the two, and how the server is spoken to.
//! - [`Message`]: whom, what, and a stable key. Nothing of it can become a header of its own.
//! - [`Mailer`]: hands a message over, once a key as far as this side can know.
//!
//! Invariants: the Message-ID and the file's name are functions of the key alone, so that a message
//! that is handed over again is known as the same one; a password crosses a network only under TLS.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::as_conversions
    )
)]

mod error;
mod mailer;
mod message;
mod settings;

pub use error::MailError;
pub use mailer::{Handed, Mailer};
pub use message::{Attachment, Message, Recipient};
pub use settings::{MailSettings, Secret, Security};
