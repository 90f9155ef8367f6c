//! The interface between the sender and the service whose mails it sends.

use std::future::Future;

use crate::{Mail, Message};

/// Renders the mails of a service and records their outcomes. Each service implements it.
pub trait MailRenderer: Send + Sync + 'static {
    /// Renders the content of `mail`. It is called for every attempt, right before the mail is
    /// sent.
    ///
    /// # Errors
    /// Returns [`RendererError`] if the content cannot be rendered now. The sender tries the mail
    /// again later.
    fn render(&self, mail: &Mail) -> impl Future<Output = Result<RenderResult, RendererError>> + Send;

    /// Records the final outcome of `mail`, before the mail is marked as done in the queue. It may
    /// be called more than once for a mail; a repeated call must change nothing.
    ///
    /// # Errors
    /// Returns [`RendererError`] if the outcome cannot be recorded now. The sender calls again
    /// later.
    fn record_outcome(&self, mail: &Mail, outcome: Outcome) -> impl Future<Output = Result<(), RendererError>> + Send;

    /// Returns true if `mail` must be sent by law or contract. Other mails to the same address
    /// never delay it.
    fn is_required(&self, _mail: &Mail) -> bool {
        false
    }
}

/// What the sender does with a mail.
#[derive(Clone, Debug)]
pub enum RenderResult {
    /// The content to send.
    Message(Box<Message>),
    /// The mail is not sent, because the reason to send it no longer exists.
    /// [`MailRenderer::record_outcome`] is not called for such a mail.
    Withdrawn,
}

/// The final outcome of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The mail system of the recipient accepted the mail.
    Accepted,
    /// The mail system refused the mail permanently, or deferred it for too long. The text is the
    /// reason, without personal data.
    Bounced(String),
}

impl Outcome {
    /// Returns the name of the outcome for logs and metrics.
    pub(crate) const fn as_str(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Bounced(_) => "bounced",
        }
    }
}

/// A temporary failure of a renderer. The text is the reason, which is logged and stored in the
/// queue, and contains no personal data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RendererError(pub String);
