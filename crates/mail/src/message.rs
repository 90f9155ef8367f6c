use chrono::{DateTime, Utc};
use cpor_types::Timestamp;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use uuid::Uuid;

/// A mail with its words. `Debug` shows neither recipient nor words: they hold personal data, and links that open doors.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// The recipient's full name; may be empty.
    pub name: String,
    /// The recipient's address.
    pub address: String,
    /// The subject line.
    pub subject: String,
    /// The words for readers without HTML.
    pub text: String,
    /// The same words as HTML.
    pub html: String,
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Message([redacted])")
    }
}

/// A message that no mail system could take: its recipient has no address, for example.
#[derive(Debug, thiserror::Error)]
#[error("the message cannot be written: {0}")]
pub(crate) struct Unwritable(&'static str);

impl Message {
    /// The message as it goes out. Its `Message-ID` is the mail's id, so that mail systems recognise a second copy.
    pub(crate) fn written(self, id: Uuid, from: &Mailbox, now: Timestamp) -> Result<lettre::Message, Unwritable> {
        let address = self.address.parse().map_err(|_| Unwritable("the recipient's address is none"))?;
        let name = Some(self.name).filter(|name| !name.is_empty());
        let sent: DateTime<Utc> = now;
        lettre::Message::builder()
            .message_id(Some(format!("<{id}@{}>", from.email.domain())))
            .date(sent.into())
            .from(from.clone())
            .to(Mailbox::new(name, address))
            .subject(self.subject)
            // RFC 3834: no vacation notes in answer to this.
            .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()))
            .multipart(MultiPart::alternative_plain_html(self.text, self.html))
            .map_err(|_| Unwritable("sender or recipient is missing"))
    }
}
