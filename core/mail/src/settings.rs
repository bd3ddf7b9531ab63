//! Where mail goes: a server, or a folder.

use std::fmt;
use std::path::PathBuf;

use serde::Deserialize;

/// Where mail goes. Without a server it is written as `.eml` files into the folder.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MailSettings {
    /// The sender: `Name <address>` or an address alone.
    pub from: String,
    /// Where answers go, if elsewhere.
    pub reply_to: Option<String>,
    /// The host of the SMTP server; files when absent.
    pub server: Option<String>,
    /// Its port; 587 for `starttls`, 465 for `tls`, 25 for `none` when absent.
    pub port: Option<u16>,
    /// How the connection is protected.
    pub security: Security,
    /// The user to log in as; nobody logs in when absent.
    pub user: Option<String>,
    /// The user's password.
    pub password: Option<Secret>,
    /// Longest wait for the server, in seconds.
    pub timeout_s: u64,
    /// The folder of `.eml` files; `mail` inside the data folder when absent.
    pub folder: Option<PathBuf>,
}

impl Default for MailSettings {
    fn default() -> Self {
        Self {
            from: "Trastienda <trastienda@localhost.localdomain>".to_owned(),
            reply_to: None,
            server: None,
            port: None,
            security: Security::default(),
            user: None,
            password: None,
            timeout_s: 20,
            folder: None,
        }
    }
}

impl MailSettings {
    /// The port to speak to.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(match self.security {
            Security::Starttls => 587,
            Security::Tls => 465,
            Security::None => 25,
        })
    }
}

/// How a connection to the server is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// Begins in clear and must turn to TLS before anything is said.
    #[default]
    Starttls,
    /// TLS from the first byte.
    Tls,
    /// In clear: for a server on this machine or a private network; never with a password but
    /// on this machine.
    None,
}

/// A password, kept out of logs.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps a password.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The password, for the server alone.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("…")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_follow_the_protection_and_passwords_are_not_shown() {
        let mut settings = MailSettings {
            password: Some(Secret::new("hunter2")),
            ..MailSettings::default()
        };
        assert_eq!(settings.port(), 587);
        settings.security = Security::Tls;
        assert_eq!(settings.port(), 465);
        settings.port = Some(2525);
        assert_eq!(settings.port(), 2525);
        assert!(!format!("{settings:?}").contains("hunter2"));
    }
}
