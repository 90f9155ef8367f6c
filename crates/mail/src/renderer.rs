use std::future::Future;

use crate::{Mail, Message};

/// What a service knows of its mails: their words, and what follows from their fate.
pub trait Composer: Send + Sync + 'static {
    /// The words of `mail`, asked at the moment of sending and again for every attempt.
    ///
    /// # Errors
    /// [`Unavailable`] when they cannot be had now: the mail is tried again later.
    fn compose(&self, mail: &Mail) -> impl Future<Output = Result<Composed, Unavailable>> + Send;

    /// Told what became of `mail`, before the queue forgets it; at least once, so the second time must change nothing.
    ///
    /// # Errors
    /// [`Unavailable`] when it cannot be noted now: it is told again.
    fn settled(&self, mail: &Mail, outcome: Outcome) -> impl Future<Output = Result<(), Unavailable>> + Send;
}

/// What a composer makes of a mail.
#[derive(Clone, Debug)]
pub enum Composed {
    /// Send this.
    Message(Box<Message>),
    /// Send nothing, for what it would say is no longer so. The composer is not told of it again.
    Withdrawn,
}

/// What became of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The mail system took it.
    Accepted,
    /// The mail system refused it for good, or kept putting it off until its time was over; why, without personal data.
    Bounced(String),
}

impl Outcome {
    /// The word, for logs and metrics.
    pub(crate) const fn as_str(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Bounced(_) => "bounced",
        }
    }
}

/// A composer cannot do its work just now. The text is for the log: no personal data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unavailable(pub String);
