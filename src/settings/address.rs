//! An address with a password in it, kept out of logs.

use std::fmt;

use serde::Deserialize;
use url::Url;

use crate::say::Refusal;

/// The address of a service. Its `Debug` and its `Display` hide the password.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Address(String);

impl Address {
    /// Wraps an address.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The address with its password, for a driver or a child's environment.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The same host, database and password under another user.
    ///
    /// # Errors
    /// A [`Refusal`] where this is no URL with a host.
    pub fn with_user(&self, user: &str) -> Result<Self, Refusal> {
        let mut url = Url::parse(&self.0).map_err(|_| not_a_url())?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(not_a_url());
        }
        url.set_username(user).map_err(|()| not_a_url())?;
        Ok(Self(url.into()))
    }

    fn redacted(&self) -> String {
        let Ok(mut url) = Url::parse(&self.0) else {
            return "…".to_owned();
        };
        if url.password().is_some() && url.set_password(Some("…")).is_err() {
            return "…".to_owned();
        }
        if url.query().is_some_and(|query| query.contains("pass")) {
            url.set_query(None);
        }
        url.into()
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.redacted())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.redacted())
    }
}

fn not_a_url() -> Refusal {
    Refusal::new(
        "DATABASE_URL debe tener la forma postgresql://usuario:contraseña@host/base; si no, \
         indique también DATABASE_OWNER_URL y DATABASE_RELAY_URL.",
        "DATABASE_URL must read postgresql://user:password@host/database; otherwise give \
         DATABASE_OWNER_URL and DATABASE_RELAY_URL too.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        for text in [
            "postgresql://app:secret@db.example/trastienda",
            "redis://:secret@127.0.0.1:6379/0",
            "redis+unix:///run/redis.sock?pass=secret",
            "host=db password=secret",
        ] {
            let address = Address::new(text);
            assert!(
                !format!("{address:?} {address}").contains("secret"),
                "{text}"
            );
        }
    }
}
