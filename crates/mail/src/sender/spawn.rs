//! Registers a [`Sender`] as a background task of a [`Host`], which runs the tasks of one service.

use cpor_durable::{Host, ServiceContext};

use super::{Sender, SenderParts};
use crate::{MailConfig, MailRenderer, TransportError, build_transport};

/// The reason why the sender of a service cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The transport cannot be set up.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The sender address in the configuration is not a valid mailbox. Validating the configuration
    /// reports this earlier.
    #[error("mail.from: must be a mailbox such as `Name <no-reply@example.com>`")]
    InvalidSender,
}

impl<R: MailRenderer> Sender<R> {
    /// Creates the sender of the host's service and registers it with the host: the sender runs as
    /// soon as the host is started. A virtual business clock is not moved forward before all queued
    /// mails are sent, also those that wait for a retry.
    ///
    /// # Errors
    /// Returns [`SetupError`] if the transport or the sender address cannot be used.
    pub fn spawn_on(
        host: &Host,
        context: &ServiceContext,
        config: MailConfig,
        renderer: R,
    ) -> Result<Self, SetupError> {
        let parts = SenderParts {
            service: host.service(),
            db: context.db.clone(),
            clock: context.clock.clone(),
            entropy: context.entropy.clone(),
            metrics: context.metrics.clone(),
            renderer,
            transport: build_transport(&config, context.data_dir.as_deref())?,
            config,
        };
        let sender = Self::new(parts).ok_or(SetupError::InvalidSender)?;
        let background_sender = sender.clone();
        host.add_background_task("mail", move |stop| {
            let sender = background_sender.clone();
            async move { Ok(sender.run(stop).await?) }
        });
        let probed_sender = sender.clone();
        host.add_idle_probe("mail", move || {
            let sender = probed_sender.clone();
            async move {
                let queued = sender.send_due_mails().await?;
                Ok((queued > 0).then(|| format!("{queued} mails wait for their next attempt")).into_iter().collect())
            }
        });
        Ok(sender)
    }
}
