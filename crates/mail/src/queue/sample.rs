//! Sample mails for tests.

use cpor_types::{Clock as _, Entropy as _, SeededEntropy, VirtualClock};
use serde_json::json;

use super::Mail;
use crate::{MailConfig, Message, NewMail};

/// Returns a mail to `recipient` that was decided at the beginning of 2025.
pub(crate) fn mail(recipient: &str) -> Mail {
    let id = uuid::uuid!("01941f29-7c00-7000-8000-000000000001");
    Mail {
        owner: "tenant".into(),
        id,
        kind: "approval".into(),
        recipient: recipient.into(),
        time: "2025-01-01T00:00:00Z".parse().unwrap(),
        data: json!({}),
        attempts: 0,
    }
}

/// Returns `n` mails to be queued, each with its own id.
pub(crate) fn new_mails(n: usize) -> Vec<NewMail> {
    let entropy = SeededEntropy::new(1);
    let new_mail = |_| NewMail {
        owner: "tenant".into(),
        id: entropy.uuid(),
        kind: "approval",
        recipient: "anna.lee@fabrikam.example".into(),
        time: "2025-01-01T00:00:00Z".parse().unwrap(),
        data: json!({ "claim": "c" }),
    };
    (0..n).map(new_mail).collect()
}

/// Returns the content that a test renderer gives to `mail`.
pub(crate) fn message(mail: &Mail) -> Message {
    Message {
        name: "Anna Lee".into(),
        address: mail.recipient.clone(),
        return_path: None,
        subject: "Approved".into(),
        text: "See https://consent.example/consent/abc".into(),
        html: "<p>See <a href=\"https://consent.example/consent/abc\">this</a></p>".into(),
    }
}

/// Returns the same content as a complete e-mail.
pub(crate) fn email(mail: &Mail) -> lettre::Message {
    let now = VirtualClock::new("2026-03-02T08:30:00Z".parse().unwrap()).now();
    let mut message = message(mail);
    message.address = "anna.lee@fabrikam.example".into();
    message.into_email(mail.id, &MailConfig::default().sender_mailbox().unwrap(), now).unwrap()
}
