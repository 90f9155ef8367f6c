//! Fuzz target: mails with any name, address, subject and text. A text cannot add a header, a
//! recipient, or a line that mail systems would refuse.
use lettre::message::Mailbox;
use uuid::Uuid;

use crate::Message;

/// The headers of every mail.
const HEADERS: [&str; 8] =
    ["Message-ID", "Date", "From", "To", "Subject", "Auto-Submitted", "MIME-Version", "Content-Type"];

#[test]
fn fuzz_mail() {
    let from: Mailbox = "CPOR <no-reply@cpor.example>".parse().unwrap();
    let seeds = [
        "Jana Dvořáková\x1fjana@fabrikam.example\x1fPartner of record\x1fDear Jana,\n\n  https://x.example/a\n",
        "\"Lee, Anna\" <x>\x1fanna.lee@fabrikam.example\x1f=?utf-8?q?x?=\x1f.\r\n.\r\nMAIL FROM:<a@b.example>",
        "A\r\nBcc: b@c.example\x1fa@b.example\x1fS\r\nBcc: b@c.example\r\n\r\nbody\x1f\u{202e}\u{2028}",
    ];
    cpor_fuzz::fuzz(&seeds.map(str::as_bytes), |input| {
        let input = String::from_utf8_lossy(input);
        let mut parts = input.splitn(4, '\x1f').map(str::to_owned);
        let mut part = || parts.next().unwrap_or_default();
        let (name, address, subject, text) = (part(), part(), part(), part());
        // The API limits names, and the services write the subjects.
        if name.chars().count() > 200 || subject.chars().count() > 300 {
            return;
        }
        let message = Message { name, address, return_path: None, subject, html: text.clone(), text };
        let Ok(email) = message.into_email(Uuid::nil(), &from, chrono::DateTime::UNIX_EPOCH) else { return };
        assert_eq!(email.envelope().to().len(), 1);
        let bytes = email.formatted();
        let text = String::from_utf8(bytes).expect("a mail in ASCII or UTF-8");
        let (head, _) = text.split_once("\r\n\r\n").expect("a header and a body");
        let is_start = |line: &&str| !line.starts_with([' ', '\t']);
        for line in head.split("\r\n").filter(is_start) {
            let name = line.split_once(':').map_or(line, |(name, _)| name);
            assert!(HEADERS.contains(&name), "{line}");
        }
        for line in text.split("\r\n") {
            assert!(line.len() <= 998 && !line.contains(['\r', '\n', '\0']), "{line:?}");
        }
    });
}
