use chrono::{DateTime, Utc};
use cpor_types::Timestamp;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, MultiPart, SinglePart};
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
#[error("{0}")]
pub(crate) struct InvalidMessage(&'static str);

impl Message {
    /// The message as it goes out. Its `Message-ID` is the mail's id, so that mail systems recognise a second copy.
    pub(crate) fn into_email(
        self,
        id: Uuid,
        from: &Mailbox,
        now: Timestamp,
    ) -> Result<lettre::Message, InvalidMessage> {
        let address = self
            .address
            .parse()
            .map_err(|_| InvalidMessage("the recipient's address must be a valid e-mail address"))?;
        let name = Some(self.name).filter(|name| !name.is_empty());
        let date: DateTime<Utc> = now;
        lettre::Message::builder()
            .message_id(Some(format!("<{id}@{}>", from.email.domain())))
            .date(date.into())
            .from(from.clone())
            .to(Mailbox::new(name, address))
            .subject(self.subject)
            // RFC 3834: no vacation notes in answer to this.
            .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()))
            .multipart(
                MultiPart::alternative()
                    .singlepart(plain_text_part(&self.text))
                    .singlepart(SinglePart::html(self.html)),
            )
            .map_err(|_| InvalidMessage("the mail must have a sender and a recipient"))
    }
}

/// Columns that a line of plain text keeps to where it can (RFC 5322, section 2.1.1: 78 at most, if possible).
const WRAP_WIDTH: usize = 76;
/// Bytes of a line that mail systems must pass on as it is (RFC 5322, section 2.1.1).
const MAX_LINE_BYTES: usize = 998;

/// Plain text goes out as it stands where it may, so that a link is one piece for whoever looks at the raw message; quoted-printable
/// would break it.
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

/// One line as several, broken at spaces and indented alike. A word that is too long has a line of its own.
fn wrap_line(line: &str) -> String {
    let indent = " ".repeat(line.len() - line.trim_start().len());
    let mut lines: Vec<String> = vec![];
    for word in line.split_whitespace() {
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

    fn raw(text: &str) -> String {
        String::from_utf8(plain_text_part(text).formatted()).unwrap()
    }

    #[test]
    fn a_long_link_stays_in_one_piece() {
        let link = format!("https://consent.example/consent/{}", "x".repeat(80));
        let raw = raw(&format!("See this:\n\n  {link}\n"));
        assert!(raw.contains(&format!("\r\n\r\n  {link}")) && raw.contains("7bit"), "{raw}");
    }

    #[test]
    fn long_lines_are_broken_at_spaces_and_keep_their_indent() {
        let text = format!("  {}", "word ".repeat(40));
        let raw = raw(&text);
        let lines: Vec<&str> = raw.split("\r\n\r\n").nth(1).unwrap().lines().collect();
        assert!(
            lines.len() == 3 && lines.iter().all(|line| line.starts_with("  word") && line.len() <= WRAP_WIDTH),
            "{lines:?}"
        );
    }

    #[test]
    fn other_letters_are_encoded() {
        let raw = raw("Grüße aus Köln, und der Rest dieser Zeile ist wie sonst.");
        assert!(raw.contains("quoted-printable"), "{raw}");
    }
}
