//! The mails that a system sent, and a mail system that accepts or refuses them.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use cpor_mail::{Email, SendError, Transport};

/// The length of the business time at the beginning of a mail's file name:
/// `2026-03-02T083000.123Z`.
const TIME_LENGTH: usize = 22;

/// A mail, parsed.
#[derive(Clone, Debug)]
pub struct Mail {
    /// The `Message-ID`.
    pub id: String,
    /// The address of the recipient.
    pub to: String,
    /// The address to which mail systems report failed deliveries.
    pub return_path: String,
    /// The subject line.
    pub subject: String,
    /// The plain-text body.
    pub text: String,
    /// The HTML body.
    pub html: String,
}

impl Mail {
    /// Reads all `.eml` files of a folder, in the order of the decisions that caused the mails.
    ///
    /// # Panics
    /// Panics if a file is not a mail.
    #[must_use]
    pub fn all_in(folder: &Path) -> Vec<Self> {
        let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
        let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        files.retain(|file| file.extension().is_some_and(|extension| extension == "eml"));
        let read = |file: PathBuf| {
            let time = file.file_name().unwrap().to_string_lossy().chars().take(TIME_LENGTH).collect::<String>();
            (time, Self::parse(&fs::read(file).unwrap()))
        };
        let mut mails: Vec<_> = files.into_iter().map(read).collect();
        // Many mails can have the same virtual time. The order of their ids is the order of their
        // creation.
        mails.sort_by(|(time, mail), (other_time, other)| (time, &mail.id).cmp(&(other_time, &other.id)));
        mails.into_iter().map(|(_, mail)| mail).collect()
    }

    /// Parses a mail in the format of RFC 5322.
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let message = mail_parser::MessageParser::default().parse(bytes).expect("a mail (RFC 5322)");
        let to = message.to().and_then(|to| to.first()).and_then(|to| to.address()).expect("a recipient").to_owned();
        let text = message.body_text(0).expect("a text").into_owned();
        let html = message.body_html(0).expect("a page").into_owned();
        let id = message.message_id().unwrap_or_default().to_owned();
        let return_path = message.header_raw("Return-Path").unwrap_or_default();
        let return_path = return_path.trim().trim_matches(['<', '>']).to_owned();
        Self { id, to, return_path, subject: message.subject().unwrap_or_default().to_owned(), text, html }
    }

    /// Returns the link to the page for the recipient: the consent page, or the page for a
    /// statement.
    ///
    /// # Panics
    /// Panics if the text has no such link.
    #[must_use]
    pub fn link(&self) -> &str {
        let link = self.text.split_whitespace().find(|word| {
            word.starts_with("http") && ["/consent/", "/statement/"].iter().any(|page| word.contains(page))
        });
        link.expect("a link to the consent page").trim_end_matches(['.', ',', ')', '>'])
    }

    /// Returns the secret at the end of the link.
    #[must_use]
    pub fn token(&self) -> &str {
        self.link().rsplit('/').next().unwrap_or_default()
    }
}

/// A mail system that accepts mails, and refuses those that a test chooses. Clones share the mails.
#[derive(Clone, Debug, Default)]
pub struct FakeMailTransport(Arc<Mutex<FakeMailSystem>>);

/// The mails that the clones of a [`FakeMailTransport`] share.
#[derive(Debug, Default)]
struct FakeMailSystem {
    accepted: Vec<Mail>,
    /// The number of next mails that are refused.
    refuse_next: u32,
}

impl FakeMailTransport {
    /// Returns the accepted mails, newest last.
    ///
    /// # Panics
    /// Panics if another thread panicked.
    #[must_use]
    pub fn accepted(&self) -> Vec<Mail> {
        self.0.lock().unwrap().accepted.clone()
    }

    /// Returns the newest accepted mail.
    ///
    /// # Panics
    /// Panics if no mail was accepted.
    #[must_use]
    pub fn latest(&self) -> Mail {
        self.accepted().pop().expect("a mail")
    }

    /// Refuses the next `count` mails: their recipients do not exist.
    ///
    /// # Panics
    /// Panics if another thread panicked.
    pub fn refuse_next(&self, count: u32) {
        self.0.lock().unwrap().refuse_next = count;
    }
}

#[async_trait::async_trait]
impl Transport for FakeMailTransport {
    async fn send(&self, _mail: &cpor_mail::Mail, message: &Email) -> Result<(), SendError> {
        let mut system = self.0.lock().unwrap();
        if system.refuse_next > 0 {
            system.refuse_next -= 1;
            return Err(SendError::Permanent("SMTP 550".into()));
        }
        let return_path = message.envelope().from().map(ToString::to_string).unwrap_or_default();
        system.accepted.push(Mail { return_path, ..Mail::parse(&message.formatted()) });
        Ok(())
    }
}
