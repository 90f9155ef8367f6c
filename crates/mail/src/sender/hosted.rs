use cpor_durable::{Context, Host};

use super::{Sender, SenderParts};
use crate::{Composer, MailConfig, TransportError, transport};

/// Mail that cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// It has no way out.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The configuration was not validated.
    #[error("mail.from cannot be used")]
    From,
}

impl<C: Composer> Sender<C> {
    /// The sender of the host's service: once the host is started, mail goes out, and time that is moved by hand waits for it.
    ///
    /// # Errors
    /// [`SetupError`].
    pub fn hosted(host: &Host, context: &Context, config: MailConfig, composer: C) -> Result<Self, SetupError> {
        let parts = SenderParts {
            service: host.service(),
            db: context.db.clone(),
            clock: context.clock.clone(),
            entropy: context.entropy.clone(),
            metrics: context.metrics.clone(),
            composer,
            transport: transport(&config, context.data_dir.as_deref())?,
            config,
        };
        let sender = Self::new(parts).ok_or(SetupError::From)?;
        let running = sender.clone();
        host.spawn("mail", move |stop| {
            let sender = running.clone();
            async move { Ok(sender.run(stop).await?) }
        });
        let probed = sender.clone();
        host.probe("mail", move || {
            let sender = probed.clone();
            async move {
                let waiting = sender.drain().await?;
                Ok((waiting > 0).then(|| format!("{waiting} mails wait for their next attempt")).into_iter().collect())
            }
        });
        Ok(sender)
    }
}
