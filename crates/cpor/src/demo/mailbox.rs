//! The customer's mailbox, which in the demo is a folder of `.eml` files.

use std::{fs, path::Path};

use anyhow::Context as _;

/// A mail as its reader sees it.
pub(crate) struct Mail {
    /// The subject line.
    pub(crate) subject: String,
    /// The link to the consent page.
    pub(crate) link: String,
}

/// The newest mail to this address.
///
/// # Errors
/// When there is none, or it has no link.
pub(crate) fn latest(folder: &Path, address: &str) -> anyhow::Result<Mail> {
    let mut files = fs::read_dir(folder)
        .with_context(|| format!("no mail folder {}", folder.display()))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()?;
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
    anyhow::bail!("no mail to {address} in {}", folder.display())
}
