//! E-mail that a service sends because of something it decided.
//!
//! A mail is a row of the service's own database, inserted in the deciding transaction ([`enqueue`]). The [`Sender`] leases rows that
//! wait, asks the service's [`Composer`] for the words at that very moment (so that link tokens are minted for each mail and stored
//! nowhere in clear), hands the message to a [`Transport`], tells the composer what became of it, and marks the row. A mail may be sent
//! twice when a process dies in between, but its outcome is never lost.
//!
//! All waiting here is in real time: a business clock that is moved by hand does not hurry a mail server.

mod config;
mod message;
mod new_mail;
mod queue;
mod renderer;
mod sender;
#[cfg(test)]
mod test_databases;
mod transport;

pub use config::{MailConfig, Security, SmtpConfig};
/// A [`Message`] as it goes out, with its headers.
pub use lettre::Message as Email;
pub use message::Message;
pub use new_mail::Draft;
pub use queue::{Mail, enqueue, forget, migration};
pub use renderer::{Composed, Composer, Outcome, Unavailable};
pub use sender::{Sender, SenderParts, SetupError};
pub use transport::{EmlFiles, SendError, Smtp, Transport, TransportError, build_transport};
