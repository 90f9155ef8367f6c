//! The transports by which messages leave the process: an SMTP server or `.eml` files.

mod eml;
mod smtp;

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;

pub use eml::EmlFiles;
pub use smtp::Smtp;

use crate::{Mail, MailConfig};

/// Hands messages to a mail system.
#[async_trait]
pub trait Transport: Send + Sync + 'static {
    /// Hands `message`, the complete e-mail for `mail`, to the mail system.
    ///
    /// # Errors
    /// Returns [`SendError`], which says whether trying again can help.
    async fn send(&self, mail: &Mail, message: &lettre::Message) -> Result<(), SendError>;

    /// Returns how long [`Self::send`] may take. After that the message counts as not sent and may
    /// be sent again. The sender reserves a mail (by a lease) for longer than this, so that no
    /// other process sends it in the meantime.
    fn send_timeout(&self) -> Duration {
        DEFAULT_SEND_TIMEOUT
    }
}

/// The send timeout of transports without a timeout of their own. It leaves a slow mail system time
/// to inspect a message before it accepts it.
const DEFAULT_SEND_TIMEOUT: Duration = Duration::from_secs(30);

/// A message that the mail system did not accept. The texts go to the log and the queue and contain
/// no personal data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The mail system refused the message permanently: this recipient will not get it.
    #[error("refused permanently: {0}")]
    Permanent(String),
    /// The mail system asks to try again later. If it does so for longer than the configured
    /// `give_up_after_hours`, the mail counts as bounced.
    #[error("deferred: {0}")]
    Deferred(String),
    /// The message was neither accepted nor refused, for example because the server, the login or
    /// the disk failed. The sender retries without a limit.
    #[error("the mail cannot be sent at the moment: {0}")]
    Unavailable(String),
}

/// The reason why a transport cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// Neither an SMTP server nor a directory is configured.
    #[error("mail: either mail.smtp or mail.directory (for .eml files) must be set")]
    NotConfigured,
    /// The directory for `.eml` files cannot be created.
    #[error("mail.directory: cannot be created: {0}")]
    Directory(#[from] std::io::Error),
    /// The configuration of the SMTP server cannot be used.
    #[error("mail.smtp: cannot be set up: {0}")]
    Server(#[from] lettre::transport::smtp::Error),
}

/// Creates the configured transport: the SMTP server; without it, `.eml` files in the configured
/// folder; without that, `.eml` files in the folder `mail` under `data_dir`.
///
/// # Errors
/// Returns [`TransportError`] if the transport cannot be set up, or if none is configured and there
/// is no data directory.
pub fn build_transport(config: &MailConfig, data_dir: Option<&Path>) -> Result<Box<dyn Transport>, TransportError> {
    if let Some(smtp) = &config.smtp {
        return Ok(Box::new(Smtp::new(smtp)?));
    }
    let directory = config.directory.clone().or_else(|| data_dir.map(|data| data.join("mail")));
    Ok(Box::new(EmlFiles::new(directory.ok_or(TransportError::NotConfigured)?)?))
}
