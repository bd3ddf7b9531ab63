//! Hands messages over: to an SMTP server, or into a folder.

use std::path::{Path, PathBuf};
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use crate::{MailError, MailSettings, Message, Security};

/// Hosts on this machine: a password to them crosses no network.
const HERE: &[&str] = &["localhost", "127.0.0.1", "::1"];

/// How a message was handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handed {
    /// It was handed over now.
    Now,
    /// It was there already, under the same key.
    Before,
}

/// Hands messages over in the name of one sender.
#[derive(Clone, Debug)]
pub struct Mailer {
    from: Mailbox,
    reply_to: Option<Mailbox>,
    way: Way,
}

#[derive(Clone)]
enum Way {
    Server(AsyncSmtpTransport<Tokio1Executor>),
    Folder(PathBuf),
}

impl std::fmt::Debug for Way {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Server(_) => formatter.write_str("Server"),
            Self::Folder(folder) => formatter.debug_tuple("Folder").field(folder).finish(),
        }
    }
}

impl Mailer {
    /// A mailer of the settings; `folder` is where files go when the settings name neither a server
    /// nor a folder. Nothing is connected yet.
    ///
    /// # Errors
    /// [`MailError::Settings`] for a sender that is no address, a host that is none, or a password
    /// that would cross a network in clear.
    pub fn new(settings: &MailSettings, folder: &Path) -> Result<Self, MailError> {
        let way = match &settings.server {
            Some(host) => Way::Server(server(settings, host)?),
            None => Way::Folder(settings.folder.clone().unwrap_or_else(|| folder.to_owned())),
        };
        let reply_to = settings.reply_to.as_deref();
        Ok(Self {
            from: mailbox("from", &settings.from)?,
            reply_to: reply_to.map(|text| mailbox("reply_to", text)).transpose()?,
            way,
        })
    }

    /// Hands a message over. A folder takes a key once; a server may get it again after a crash in
    /// the very moment, under the same Message-ID.
    ///
    /// # Errors
    /// [`MailError::Impossible`] for what can't be written as mail, [`MailError::Passing`] while the
    /// server is away, [`MailError::Rejected`] when it refuses for good.
    pub async fn send(&self, message: &Message) -> Result<Handed, MailError> {
        let letter = message.letter(&self.from, self.reply_to.as_ref())?;
        match &self.way {
            Way::Server(server) => match server.send(letter).await {
                Ok(_) => Ok(Handed::Now),
                Err(error) if error.is_permanent() => Err(MailError::Rejected(told(&error))),
                Err(error) => Err(MailError::Passing(told(&error))),
            },
            Way::Folder(folder) => file(folder, &message.file_name(), &letter.formatted()).await,
        }
    }

    /// The Message-ID that a message gets.
    pub fn id_of(&self, message: &Message) -> String {
        message.id(self.from.email.domain())
    }
}

fn mailbox(field: &str, text: &str) -> Result<Mailbox, MailError> {
    text.parse()
        .map_err(|_| MailError::Settings(format!("mail.{field}: `{text}` is no address")))
}

fn server(
    settings: &MailSettings,
    host: &str,
) -> Result<AsyncSmtpTransport<Tokio1Executor>, MailError> {
    let bad = |error| MailError::Settings(format!("mail.server: {error}"));
    let tls = match settings.security {
        Security::None => Tls::None,
        Security::Starttls => Tls::Required(TlsParameters::new(host.to_owned()).map_err(bad)?),
        Security::Tls => Tls::Wrapper(TlsParameters::new(host.to_owned()).map_err(bad)?),
    };
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
        .port(settings.port())
        .tls(tls)
        .timeout(Some(Duration::from_secs(settings.timeout_s.max(1))));
    match (&settings.user, &settings.password) {
        (Some(_), Some(_)) if settings.security == Security::None && !HERE.contains(&host) => {
            return Err(MailError::Settings(
                "mail.security: a password never crosses a network in clear".to_owned(),
            ));
        }
        (Some(user), Some(password)) => {
            let credentials = Credentials::new(user.clone(), password.reveal().to_owned());
            builder = builder.credentials(credentials);
        }
        (None, None) => {}
        _ => {
            return Err(MailError::Settings(
                "mail.user and mail.password belong together".to_owned(),
            ));
        }
    }
    Ok(builder.build())
}

/// What a server or the way to it said, in one line with its causes.
fn told(error: &lettre::transport::smtp::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let more = inner.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = inner.source();
    }
    let flat: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    flat.chars().take(500).collect()
}

/// Writes a file whole or not at all; one that is there stays as it is.
async fn file(folder: &Path, name: &str, bytes: &[u8]) -> Result<Handed, MailError> {
    let passing =
        |error: std::io::Error| MailError::Passing(format!("{}: {error}", folder.display()));
    let target = folder.join(name);
    if tokio::fs::try_exists(&target).await.map_err(passing)? {
        return Ok(Handed::Before);
    }
    tokio::fs::create_dir_all(folder).await.map_err(passing)?;
    let draft = folder.join(format!(".{name}.{}", uuid::Uuid::new_v4().simple()));
    tokio::fs::write(&draft, bytes).await.map_err(passing)?;
    tokio::fs::rename(&draft, &target).await.map_err(passing)?;
    Ok(Handed::Now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Recipient, Secret};

    fn message(key: &str) -> Message {
        Message {
            key: key.to_owned(),
            to: Recipient::new("ana@empresa.example", "Ana"),
            subject: "Hola".to_owned(),
            text: "Qué tal.".to_owned(),
            html: None,
            attachments: Vec::new(),
            at: chrono::DateTime::from_timestamp(1_780_000_000, 0).unwrap(),
        }
    }

    #[tokio::test]
    async fn a_folder_takes_a_key_once() {
        let folder = std::env::temp_dir().join(format!("mail-{}", uuid::Uuid::new_v4()));
        let mailer = Mailer::new(&MailSettings::default(), &folder).unwrap();
        assert_eq!(mailer.send(&message("k:1")).await.unwrap(), Handed::Now);
        assert_eq!(mailer.send(&message("k:1")).await.unwrap(), Handed::Before);
        assert_eq!(mailer.send(&message("k:2")).await.unwrap(), Handed::Now);
        let files = std::fs::read_dir(&folder).unwrap().count();
        assert_eq!(files, 2);
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[tokio::test]
    async fn a_server_that_is_away_is_worth_another_try() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let settings = MailSettings {
            server: Some("127.0.0.1".to_owned()),
            port: Some(port),
            security: Security::None,
            ..MailSettings::default()
        };
        let mailer = Mailer::new(&settings, Path::new(".")).unwrap();
        let error = mailer.send(&message("k")).await.unwrap_err();
        assert!(error.is_passing(), "{error}");
    }

    #[test]
    fn a_password_never_crosses_a_network_in_clear() {
        let mut settings = MailSettings {
            server: Some("mail.empresa.example".to_owned()),
            security: Security::None,
            user: Some("ana".to_owned()),
            password: Some(Secret::new("x")),
            ..MailSettings::default()
        };
        assert!(Mailer::new(&settings, Path::new(".")).is_err());
        settings.server = Some("127.0.0.1".to_owned());
        assert!(Mailer::new(&settings, Path::new(".")).is_ok());
        settings.password = None;
        assert!(Mailer::new(&settings, Path::new(".")).is_err());
        settings.from = "nobody".to_owned();
        settings.user = None;
        assert!(Mailer::new(&settings, Path::new(".")).is_err());
    }
}
