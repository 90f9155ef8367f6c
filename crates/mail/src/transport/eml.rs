//! The transport for machines without a mail server: it writes mails to files.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use cpor_process::private_files;

use super::{SendError, Transport};
use crate::Mail;

/// Writes each mail to an `.eml` file (RFC 5322). The file name begins with the time of the
/// decision to send the mail (by the business clock), so that files sort by time. It also contains
/// the kind and the recipient. An example is
/// `2026-03-02T083000.123Z-approval-anna.lee@fabrikam.example-9f3c21.eml`. The first header is the
/// return path, as in a delivered mail (RFC 5321, section 4.4).
#[derive(Clone, Debug)]
pub struct EmlFiles {
    directory: PathBuf,
}

impl EmlFiles {
    /// Creates the transport. Creates `directory` if it does not exist. Directory and files can be
    /// read by their owner only.
    ///
    /// # Errors
    /// Returns the error of the file system if the directory cannot be created.
    pub fn new(directory: PathBuf) -> io::Result<Self> {
        private_files::create_directory(&directory)?;
        Ok(Self { directory })
    }

    /// Returns the directory of the files.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Writes the file of `mail`. It writes a hidden file first and renames it, so that a reader of
    /// the directory never finds an incomplete mail.
    async fn write(&self, mail: &Mail, bytes: Vec<u8>) -> io::Result<()> {
        let temporary = self.directory.join(format!(".{}.part", mail.id));
        let file = self.directory.join(file_name(mail));
        let write = move || {
            private_files::write_file(&temporary, &bytes)?;
            std::fs::rename(&temporary, file)
        };
        tokio::task::spawn_blocking(write).await.map_err(io::Error::other)?
    }
}

#[async_trait]
impl Transport for EmlFiles {
    async fn send(&self, mail: &Mail, message: &lettre::Message) -> Result<(), SendError> {
        let return_path = message.envelope().from().map(ToString::to_string).unwrap_or_default();
        let bytes = [format!("Return-Path: <{return_path}>\r\n").into_bytes(), message.formatted()].concat();
        let result = self.write(mail, bytes).await;
        result.map_err(|error| SendError::Unavailable(error.kind().to_string()))
    }

    /// Returns a short timeout, because writing a file is quick. A second attempt overwrites the
    /// file of the first.
    fn send_timeout(&self) -> Duration {
        Duration::from_secs(5)
    }
}

/// Returns the file name of a mail. It is the same for every attempt, so that a second attempt
/// replaces the file of the first.
fn file_name(mail: &Mail) -> String {
    let time = mail.time.format("%Y-%m-%dT%H%M%S%.3fZ");
    let id = mail.id.simple().to_string();
    let short_id = id.get(26..).unwrap_or_default();
    format!("{time}-{}-{}-{short_id}.eml", sanitize(&mail.kind), sanitize(&mail.recipient))
}

/// Replaces characters that are not safe in file names, and cuts the text to 80 characters.
fn sanitize(text: &str) -> String {
    let replace_unsafe = |c: char| if c.is_ascii_alphanumeric() || "@._+-".contains(c) { c } else { '_' };
    text.chars().take(80).map(replace_unsafe).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::sample;

    fn names(directory: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(directory).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[tokio::test]
    async fn a_mail_becomes_one_readable_file() {
        let folder = tempfile::tempdir().unwrap();
        let files = EmlFiles::new(folder.path().join("mail")).unwrap();
        let mail = sample::mail("anna.lee@fabrikam.example");
        let email = sample::email(&mail);
        files.send(&mail, &email).await.unwrap();
        files.send(&mail, &email).await.unwrap();
        let found = names(files.directory());
        assert_eq!(found, ["2025-01-01T000000.000Z-approval-anna.lee@fabrikam.example-000001.eml"]);
        let text = std::fs::read_to_string(files.directory().join(&found[0])).unwrap();
        assert!(text.contains("To: \"Anna Lee\" <anna.lee@fabrikam.example>"), "{text}");
        assert!(text.contains("https://consent.example/consent/abc"), "{text}");
    }

    #[test]
    fn file_names_never_leave_the_directory() {
        let name = file_name(&sample::mail("\"../../etc/x y\"@fabrikam.example"));
        assert!(name.contains("-_.._.._etc_x_y_@fabrikam.example-"), "{name}");
    }
}
