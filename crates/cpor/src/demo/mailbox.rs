//! Reads mails to customers. In the demo, mails are written to a folder as `.eml` files.

use std::{fs, path::Path};

use anyhow::Context as _;

/// The parts of a mail that the demo uses.
pub(crate) struct Mail {
    pub(crate) subject: String,
    /// The link by which the customer approves or declines.
    pub(crate) link: String,
}

/// Returns the newest mail to this address.
///
/// # Errors
/// Returns an error if there is no such mail or it has no consent link.
pub(crate) fn latest_mail(directory: &Path, address: &str) -> anyhow::Result<Mail> {
    let mut files = fs::read_dir(directory)
        .with_context(|| format!("cannot read the mail directory {}", directory.display()))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()?;
    // File names begin with the time.
    files.sort();
    for file in files.iter().rev() {
        let bytes = fs::read(file)?;
        let Some(message) = mail_parser::MessageParser::default().parse(&bytes) else { continue };
        if message.to().is_none_or(|to| !to.contains(address)) {
            continue;
        }
        let text = message.body_text(0).context("the mail has no text")?;
        let link = text
            .split_whitespace()
            .find(|word| word.starts_with("http") && word.contains("/consent/"))
            .context("the mail has no link")?;
        return Ok(Mail {
            subject: message.subject().unwrap_or_default().to_owned(),
            link: link.trim_end_matches(['.', ',', ')', '>']).to_owned(),
        });
    }
    anyhow::bail!("no mail to {address} in {}", directory.display())
}
