//! Where messages go.

mod eml;
mod smtp;

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;

pub use eml::EmlFiles;
pub use smtp::Smtp;

use crate::{Mail, MailConfig};

/// Takes messages out of the process.
#[async_trait]
pub trait Transport: Send + Sync + 'static {
    /// Hands `message`, which is `mail` written out, to the recipient's mail system.
    ///
    /// # Errors
    /// [`SendError`], which says whether trying again can help.
    async fn send(&self, mail: &Mail, message: &lettre::Message) -> Result<(), SendError>;

    /// How long one message is given: then it counts as not sent, and may be sent again. A mail is leased for longer.
    fn send_timeout(&self) -> Duration {
        DEFAULT_SEND_TIMEOUT
    }
}

/// What a mail system may take that is slow and well: time to look a message over before it takes it.
const DEFAULT_SEND_TIMEOUT: Duration = Duration::from_secs(30);

/// A message that was not taken. The texts are for log and queue, without personal data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// For good: this recipient will not get this message.
    #[error("refused permanently: {0}")]
    Permanent(String),
    /// The mail system puts it off. When it does so for too long, it has refused.
    #[error("deferred: {0}")]
    Deferred(String),
    /// Nothing was said of this message: no server, no login, no disk. This is tried again for as long as it takes.
    #[error("the mail cannot be sent at the moment: {0}")]
    Unavailable(String),
}

/// A transport that cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// There is neither a server nor a directory.
    #[error("mail: either mail.smtp or mail.directory (for .eml files) must be set")]
    NotConfigured,
    /// The directory for `.eml` files cannot be made.
    #[error("mail.directory: cannot be created: {0}")]
    Directory(#[from] std::io::Error),
    /// The server's description cannot be used.
    #[error("mail.smtp: cannot be set up: {0}")]
    Server(#[from] lettre::transport::smtp::Error),
}

/// The transport that the configuration asks for: the SMTP server, or else `.eml` files in its directory, or else in `mail` under
/// `data_dir`.
///
/// # Errors
/// [`TransportError`].
pub fn build_transport(config: &MailConfig, data_dir: Option<&Path>) -> Result<Box<dyn Transport>, TransportError> {
    if let Some(smtp) = &config.smtp {
        return Ok(Box::new(Smtp::new(smtp)?));
    }
    let directory = config.directory.clone().or_else(|| data_dir.map(|data| data.join("mail")));
    Ok(Box::new(EmlFiles::new(directory.ok_or(TransportError::NotConfigured)?)?))
}
