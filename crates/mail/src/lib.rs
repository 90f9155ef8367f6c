//! A durable queue of e-mails in the database of a service, and the sender that sends them.
//!
//! A service inserts a mail with the function [`enqueue`], in the transaction that decides to send
//! it. The [`Sender`] then leases queued mails: for a limited time, no other process may send them.
//! The service's [`MailRenderer`] renders subject and bodies of each mail, a [`Transport`] sends
//! the message, the renderer records the outcome, and the sender marks the row as done. A mail is
//! rendered only when it is sent, so that link tokens are created for each mail and are never
//! stored in clear text. If a process crashes before it marks the row, the mail may be sent twice,
//! but its outcome is never lost.
//!
//! The function [`migration`] returns the migration that creates the table of mails.
//!
//! The module [`texts`] reads the texts of mails in several languages.
//!
//! All delays and timeouts in this crate use real time (the machine's clock). Only the time at
//! which a service decides to send a mail is business time: it is read from the business clock,
//! which can be virtual.

mod config;
#[cfg(test)]
mod fuzz_mail;
mod message;
mod new_mail;
mod queue;
mod renderer;
mod sender;
#[cfg(test)]
mod test_database;
pub mod texts;
mod transport;

pub use config::{MailConfig, Security, SmtpConfig};
/// An e-mail as it is handed to the mail system: a [`Message`] with its headers.
pub use lettre::Message as Email;
pub use message::Message;
pub use new_mail::NewMail;
pub use queue::{Mail, enqueue, find, migrations, withdraw_and_erase};
pub use renderer::{MailRenderer, Outcome, RenderResult, RendererError};
pub use sender::{Sender, SenderParts, SetupError};
pub use transport::{EmlFiles, SendError, Smtp, Transport, TransportError, build_transport};
