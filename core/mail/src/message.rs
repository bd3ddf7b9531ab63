//! A message as typed parts, and how it is written as mail.

use chrono::{DateTime, Utc};
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Attachment as Attached, Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message as Letter};
use uuid::Uuid;

use crate::MailError;

/// Characters of a subject or name at most.
const LONGEST: usize = 250;

/// A message to one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// What makes it one and the same, however often it is handed over.
    pub key: String,
    /// Whom it goes to.
    pub to: Recipient,
    /// The subject, in one line.
    pub subject: String,
    /// The text.
    pub text: String,
    /// The same as HTML, for those whose program shows it.
    pub html: Option<String>,
    /// What goes with it.
    pub attachments: Vec<Attachment>,
    /// When it was written.
    pub at: DateTime<Utc>,
}

/// Whom a message goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// The address.
    pub address: String,
    /// The name to show.
    pub name: Option<String>,
}

/// A file that goes with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Its name.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Says that no person wrote it, so that no machine answers (RFC 3834, section 5).
#[derive(Clone)]
struct AutoSubmitted(String);

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(text: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self(text.to_owned()))
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), self.0.clone())
    }
}

impl Message {
    /// The Message-ID at a domain: the same for the same key.
    pub fn id(&self, domain: &str) -> String {
        format!("<{}@{domain}>", self.fingerprint().simple())
    }

    /// The name of its file: the same for the same key, and another for every other.
    pub fn file_name(&self) -> String {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
        let shown = self.key.chars().map(|c| if plain(c) { c } else { '-' });
        let shown: String = shown.take(80).collect();
        let fingerprint = self.fingerprint().simple().to_string();
        let tail = fingerprint.get(..12).unwrap_or_default();
        format!("{shown}.{tail}.eml")
    }

    fn fingerprint(&self) -> Uuid {
        Uuid::new_v5(&Uuid::NAMESPACE_OID, self.key.as_bytes())
    }

    /// The message as mail from a sender. Nothing of it can become a header of its own: what holds
    /// a line break or another control character is refused.
    pub(crate) fn letter(
        &self,
        from: &Mailbox,
        reply_to: Option<&Mailbox>,
    ) -> Result<Letter, MailError> {
        let subject = line("subject", &self.subject)?;
        let mut letter = Letter::builder()
            .message_id(Some(self.id(from.email.domain())))
            .date(self.at.into())
            .from(from.clone())
            .to(self.to.mailbox()?)
            .subject(subject)
            .header(AutoSubmitted("auto-generated".to_owned()));
        if let Some(reply_to) = reply_to {
            letter = letter.reply_to(reply_to.clone());
        }
        let impossible = |_| MailError::impossible("message");
        if self.attachments.is_empty() {
            return match &self.html {
                Some(html) => letter.multipart(both(&self.text, html)),
                None => letter.singlepart(SinglePart::plain(self.text.clone())),
            }
            .map_err(impossible);
        }
        let mut mixed = match &self.html {
            Some(html) => MultiPart::mixed().multipart(both(&self.text, html)),
            None => MultiPart::mixed().singlepart(SinglePart::plain(self.text.clone())),
        };
        for attachment in &self.attachments {
            mixed = mixed.singlepart(attachment.part()?);
        }
        letter.multipart(mixed).map_err(impossible)
    }
}

fn both(text: &str, html: &str) -> MultiPart {
    MultiPart::alternative_plain_html(text.to_owned(), html.to_owned())
}

impl Recipient {
    /// A recipient with a name to show.
    pub fn new(address: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            name: Some(name.into()),
        }
    }

    fn mailbox(&self) -> Result<Mailbox, MailError> {
        let address: Address = self
            .address
            .parse()
            .map_err(|_| MailError::impossible("to.address"))?;
        let name = self.name.as_deref().map(|name| line("to.name", name));
        Ok(Mailbox::new(name.transpose()?, address))
    }
}

impl Attachment {
    fn part(&self) -> Result<SinglePart, MailError> {
        let name = line("attachment.name", &self.name)?;
        let kind = ContentType::parse(&self.media_type)
            .map_err(|_| MailError::impossible("attachment.mediaType"))?;
        Ok(Attached::new(name).body(self.bytes.clone(), kind))
    }
}

/// A text that stays in its header: one line, no control characters.
fn line(part: &str, text: &str) -> Result<String, MailError> {
    let fits = !text.chars().any(char::is_control)
        && !text.trim().is_empty()
        && text.chars().count() <= LONGEST;
    if fits {
        Ok(text.to_owned())
    } else {
        Err(MailError::impossible(part))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from() -> Mailbox {
        "Trastienda <avisos@empresa.example>".parse().unwrap()
    }

    fn message(key: &str) -> Message {
        Message {
            key: key.to_owned(),
            to: Recipient::new("ana@empresa.example", "Ana Núñez"),
            subject: "Informe: año 2026".to_owned(),
            text: "Adjunto el informe.".to_owned(),
            html: Some("<p>Adjunto el informe.</p>".to_owned()),
            attachments: vec![Attachment {
                name: "informe año.pdf".to_owned(),
                media_type: "application/pdf".to_owned(),
                bytes: b"%PDF-1.7".to_vec(),
            }],
            at: DateTime::from_timestamp(1_780_000_000, 0).unwrap(),
        }
    }

    fn written(message: &Message) -> String {
        String::from_utf8(message.letter(&from(), None).unwrap().formatted()).unwrap()
    }

    #[test]
    fn the_same_key_is_the_same_message_and_another_key_is_another() {
        let (one, again, other) = (message("a:1"), message("a:1"), message("a-1"));
        assert_eq!(one.id("x.example"), again.id("x.example"));
        assert_ne!(one.id("x.example"), other.id("x.example"));
        assert_eq!(one.file_name(), again.file_name());
        assert_ne!(one.file_name(), other.file_name());
        assert!(written(&one).contains(&one.id("empresa.example")));
    }

    #[test]
    fn text_html_and_attachment_are_parts_of_one_message() {
        let text = written(&message("a:1"));
        for part in [
            "multipart/mixed",
            "multipart/alternative",
            "text/plain",
            "text/html",
            "application/pdf",
            "Auto-Submitted: auto-generated",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
    }

    #[test]
    fn nothing_becomes_a_header_of_its_own() {
        let bad = "x\r\nBcc: boss@elsewhere.example";
        let mut subject = message("a");
        subject.subject = bad.to_owned();
        let mut name = message("a");
        name.to.name = Some(bad.to_owned());
        let mut address = message("a");
        address.to.address = "ana@empresa.example>\r\nBcc: <b@c.example".to_owned();
        let mut file = message("a");
        file.attachments[0].name = bad.to_owned();
        let mut kind = message("a");
        kind.attachments[0].media_type = "text/plain\r\nX-Evil: 1".to_owned();
        for message in [subject, name, address, file, kind] {
            let refused = message.letter(&from(), None);
            assert!(
                matches!(refused, Err(MailError::Impossible { .. })),
                "{message:?}"
            );
        }
    }

    #[test]
    fn a_line_that_looks_like_a_header_stays_in_the_text() {
        let mut message = message("a");
        message.text = "Hola\r\nBcc: boss@elsewhere.example\r\n".to_owned();
        let text = written(&message);
        let (head, _) = text.split_once("\r\n\r\n").unwrap();
        assert!(!head.contains("Bcc"), "{head}");
    }
}
