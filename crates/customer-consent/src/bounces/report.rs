//! Delivery status notifications (RFC 3464): the mails by which mail systems report whether a mail
//! that they had accepted was delivered.

use mail_parser::{Message, MessageParser, MimeHeaders as _};

use super::{ReturnAddress, ReturnAddresses};

/// The headers that can contain the return address to which a report was sent.
const RECIPIENT_HEADERS: [&str; 4] = ["to", "delivered-to", "x-original-to", "envelope-to"];

/// The action that a report states for a recipient who will not get the mail.
const FAILED: &str = "failed";

/// The delivery status of one mail.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct DeliveryStatus {
    /// The return address of the mail that the report is about.
    pub(super) address: ReturnAddress,
    /// The status for each recipient that the report names.
    recipients: Vec<RecipientStatus>,
}

/// What a report says about one recipient.
#[derive(Debug, PartialEq, Eq)]
struct RecipientStatus {
    /// The address that the mail was sent to, and the address to which a mail system forwarded it.
    addresses: Vec<String>,
    /// The value of the field `Action`, in lower case.
    action: String,
    /// The status code (RFC 3463), for example `5.1.1`; may be empty.
    code: String,
}

impl DeliveryStatus {
    /// Reads a report. Returns `None` if the mail is neither a delivery status notification nor a
    /// plain-text report of the mail server Exim, or was not sent to a return address.
    pub(super) fn read(content: &[u8], addresses: &ReturnAddresses) -> Option<Self> {
        let message = MessageParser::default().parse(content)?;
        let mut headers = message.headers_raw().filter(|(name, _)| is_one_of(name, &RECIPIENT_HEADERS));
        let address = headers.find_map(|(_, value)| addresses.find_in(value))?;
        let recipients = recipients(&message).or_else(|| failed_recipients(&message))?;
        Some(Self { address, recipients })
    }

    /// Returns the reason of the bounce if the mail to `recipient` could not be delivered. If the
    /// report does not name this recipient, because a mail system replaced its address, all
    /// recipients in the report count. Returns `None` if the report says that the mail has reached
    /// one of these, or that none of them has failed: a delay is not a bounce.
    pub(super) fn bounce_of(&self, recipient: &str) -> Option<String> {
        let has_address =
            |status: &&RecipientStatus| status.addresses.iter().any(|address| address.eq_ignore_ascii_case(recipient));
        let with_address: Vec<&RecipientStatus> = self.recipients.iter().filter(has_address).collect();
        let counted = if with_address.is_empty() { self.recipients.iter().collect() } else { with_address };
        if counted.iter().any(|status| is_one_of(&status.action, &["delivered", "relayed", "expanded"])) {
            return None;
        }
        let failed = counted.into_iter().find(|status| status.action == FAILED)?;
        Some(format!("delivery report {}", failed.code).trim_end().to_owned())
    }
}

/// Returns the status for each recipient, or `None` if the mail has no part with a delivery status.
fn recipients(message: &Message<'_>) -> Option<Vec<RecipientStatus>> {
    let part = message.parts.iter().find(|part| {
        part.content_type().is_some_and(|content_type| {
            content_type.ctype().eq_ignore_ascii_case("message")
                && content_type
                    .subtype()
                    .is_some_and(|subtype| is_one_of(subtype, &["delivery-status", "global-delivery-status"]))
        })
    })?;
    // The part consists of groups of fields, which blank lines separate (RFC 3464, section 2.1).
    // The fields of the first group are about the mail as a whole.
    let text = String::from_utf8_lossy(part.contents()).replace("\r\n", "\n");
    Some(text.split("\n\n").filter_map(recipient_status).collect())
}

/// Returns the recipients that the mail server Exim names in a plain-text report. The header
/// `X-Failed-Recipients` contains the recipients that did not get the mail. A report on a delay
/// does not have this header.
fn failed_recipients(message: &Message<'_>) -> Option<Vec<RecipientStatus>> {
    let headers = message.headers_raw().filter(|(name, _)| name.eq_ignore_ascii_case("x-failed-recipients"));
    let addresses: Vec<_> =
        headers.flat_map(|(_, value)| value.split(',')).map(|part| part.trim().to_owned()).collect();
    let failed = |addresses| RecipientStatus { addresses, action: FAILED.to_owned(), code: String::new() };
    (!addresses.is_empty()).then(|| addresses.into_iter().map(|address| failed(vec![address])).collect())
}

/// Reads the fields of one group. Returns `None` if it is not about a recipient.
fn recipient_status(group: &str) -> Option<RecipientStatus> {
    let group = format!("{}\n\n", group.trim_start());
    let fields = MessageParser::default().parse_headers(&group)?;
    let field = |wanted: &str| {
        fields.headers_raw().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.trim())
    };
    // The value can be followed by a comment.
    let first_word = |text: &str| text.split(|c: char| c.is_whitespace() || c == '(').next().map(str::to_owned);
    let address = |name| field(name).map(|value| value.rsplit(';').next().unwrap_or(value).trim().to_owned());
    let code = field("status").and_then(first_word).filter(|code| is_status_code(code)).unwrap_or_default();
    // If the action is missing, it is derived from the class of the status code.
    let action = match field("action").and_then(first_word) {
        Some(action) => action.to_ascii_lowercase(),
        None => action_of_class(code.chars().next()?)?.to_owned(),
    };
    Some(RecipientStatus {
        action,
        code,
        addresses: ["original-recipient", "final-recipient"].into_iter().filter_map(address).collect(),
    })
}

/// Returns the action that a class of status codes stands for.
const fn action_of_class(class: char) -> Option<&'static str> {
    match class {
        '2' => Some("delivered"),
        '4' => Some("delayed"),
        '5' => Some(FAILED),
        _ => None,
    }
}

/// Returns whether the text is a status code such as `5.1.1`.
fn is_status_code(text: &str) -> bool {
    text.len() <= 9 && text.split('.').count() == 3 && text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

/// Returns whether the text is one of `values`, without regard to case.
fn is_one_of(text: &str, values: &[&str]) -> bool {
    values.iter().any(|value| text.eq_ignore_ascii_case(value))
}
