//! The content of a mail, and its conversion into a complete e-mail with headers.

use chrono::{DateTime, Utc};
use cpor_types::Timestamp;
use lettre::address::{Address, Envelope};
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, MultiPart, SinglePart};
use uuid::Uuid;

/// The content of one mail. The `Debug` output is redacted, because recipient, text and consent
/// links are confidential.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// The recipient's full name; may be empty.
    pub name: String,
    /// The recipient's e-mail address.
    pub address: String,
    /// The address to which mail systems report that they could not deliver the message (the
    /// envelope sender, RFC 5321). `None` stands for the sender's own address.
    pub return_path: Option<String>,
    /// The subject line.
    pub subject: String,
    /// The body as plain text.
    pub text: String,
    /// The same body as HTML.
    pub html: String,
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Message([redacted])")
    }
}

/// The reason why a message cannot be turned into an e-mail, for example an invalid address.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct InvalidMessage(&'static str);

impl Message {
    /// Adds the headers and encodes the bodies. The header `Message-ID` contains `id`, the id of
    /// the mail, so that a mail system can recognise a mail that was sent twice. The header `Date`
    /// is `time`.
    pub(crate) fn into_email(
        self,
        id: Uuid,
        from: &Mailbox,
        time: Timestamp,
    ) -> Result<lettre::Message, InvalidMessage> {
        let address: Address = self
            .address
            .parse()
            .map_err(|_| InvalidMessage("the recipient's address must be a valid e-mail address"))?;
        let return_path = match &self.return_path {
            Some(text) => text.parse().map_err(|_| InvalidMessage("the return path must be a valid e-mail address"))?,
            None => from.email.clone(),
        };
        let envelope = Envelope::new(Some(return_path), vec![address.clone()])
            .map_err(|_| InvalidMessage("the mail must have a recipient"))?;
        let name = Some(single_line(&self.name)).filter(|name| !name.is_empty());
        let date: DateTime<Utc> = time;
        lettre::Message::builder()
            .envelope(envelope)
            .message_id(Some(format!("<{id}@{}>", from.email.domain())))
            .date(date.into())
            .from(from.clone())
            .to(Mailbox::new(name, address))
            .subject(single_line(&self.subject))
            // RFC 3834: this header keeps mail systems from sending vacation notes in reply.
            .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()))
            .multipart(
                MultiPart::alternative()
                    .singlepart(plain_text_part(&without_controls(&self.text)))
                    .singlepart(SinglePart::html(without_controls(&self.html))),
            )
            .map_err(|_| InvalidMessage("the mail must have a sender and a recipient"))
    }
}

/// Replaces control characters by blanks. A header must not contain them; in the name of a
/// recipient, they would make the library panic.
fn single_line(text: &str) -> String {
    text.replace(char::is_control, " ").trim().to_owned()
}

/// Removes the control characters that a mail must not contain (RFC 5322, section 2.3): NUL, and
/// carriage returns that end no line.
fn without_controls(text: &str) -> String {
    text.replace("\r\n", "\n").replace(|c: char| c.is_control() && c != '\n' && c != '\t', "")
}

/// The width to which plain text is wrapped (RFC 5322, section 2.1.1, recommends 78 at most).
const WRAP_WIDTH: usize = 76;
/// The longest line in bytes that a mail system must accept unchanged (RFC 5322, section 2.1.1).
const MAX_LINE_BYTES: usize = 998;

/// Builds the plain-text body. ASCII text is sent unencoded, so that a long link stays in one piece
/// in the raw message; quoted-printable encoding would split it.
fn plain_text_part(text: &str) -> SinglePart {
    let wrapped: Vec<String> = text.lines().map(wrap_line).collect();
    let text = wrapped.join("\n");
    let can_send_unencoded = text.is_ascii() && text.lines().all(|line| line.len() <= MAX_LINE_BYTES);
    let part = SinglePart::builder().header(ContentType::TEXT_PLAIN);
    if can_send_unencoded {
        let bytes = text.replace('\n', "\r\n").into_bytes();
        part.body(Body::dangerous_pre_encoded(bytes, ContentTransferEncoding::SevenBit))
    } else {
        part.body(text)
    }
}

/// Breaks one line at spaces into lines of at most [`WRAP_WIDTH`] characters with the same
/// indentation. No-break spaces stay. A word that is longer than that gets a line of its own.
fn wrap_line(line: &str) -> String {
    let indent = " ".repeat(line.len() - line.trim_start().len());
    let mut lines: Vec<String> = vec![];
    for word in line.split([' ', '\t']).filter(|word| !word.is_empty()) {
        match lines.last_mut() {
            Some(last) if last.chars().count() + 1 + word.chars().count() <= WRAP_WIDTH => {
                last.push(' ');
                last.push_str(word);
            }
            Some(_) | None => lines.push(format!("{indent}{word}")),
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the plain-text body as it is sent.
    fn raw(text: &str) -> String {
        String::from_utf8(plain_text_part(text).formatted()).unwrap()
    }

    #[test]
    fn every_accepted_address_can_be_sent_to() {
        let longest = format!("{}@{}.example", "m".repeat(64), "a".repeat(63));
        for text in ["a@b.cd", "a.b+c_d'e@mail.litware.example", "{x}|y@z.example", "1@BÜRO.example", &longest] {
            let address: cpor_types::EmailAddress = text.parse().unwrap();
            assert!(address.as_str().parse::<lettre::Address>().is_ok(), "{text}");
        }
    }

    #[test]
    fn a_long_link_stays_in_one_piece() {
        let link = format!("https://consent.example/consent/{}", "x".repeat(80));
        let raw = raw(&format!("See this:\n\n  {link}\n"));
        assert!(raw.contains(&format!("\r\n\r\n  {link}")) && raw.contains("7bit"), "{raw}");
    }

    #[test]
    fn long_lines_are_wrapped_with_their_indent() {
        let text = format!("  {}", "word ".repeat(40));
        let raw = raw(&text);
        let lines: Vec<&str> = raw.split("\r\n\r\n").nth(1).unwrap().lines().collect();
        assert!(
            lines.len() == 3 && lines.iter().all(|line| line.starts_with("  word") && line.len() <= WRAP_WIDTH),
            "{lines:?}"
        );
    }

    #[test]
    fn lines_are_not_broken_at_no_break_spaces() {
        let price = "2\u{a0}000\u{a0}€\u{a0}:";
        let wrapped = wrap_line(&format!("{} {price}", "mot ".repeat(17)));
        assert!(wrapped.contains(price) && wrapped.lines().count() == 2, "{wrapped}");
    }

    #[test]
    fn non_ascii_text_is_encoded() {
        let raw = raw("Grüße aus Köln, und der Rest dieser Zeile ist wie sonst.");
        assert!(raw.contains("quoted-printable"), "{raw}");
    }
}
