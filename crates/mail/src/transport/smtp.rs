use std::time::Duration;

use async_trait::async_trait;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::response::{Category, Code, Severity};
use lettre::transport::smtp::{AsyncSmtpTransportBuilder, Error};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};

use super::{DEFAULT_SEND_TIMEOUT, SendError, Transport, TransportError};
use crate::{Mail, Security, SmtpConfig};

/// Sends through an SMTP server, over connections that are kept for a while.
#[derive(Debug)]
pub struct Smtp {
    server: AsyncSmtpTransport<Tokio1Executor>,
    /// For one step of a conversation.
    timeout: Duration,
}

impl Smtp {
    /// The server of `config`. Nothing is connected yet.
    ///
    /// # Errors
    /// The authority's file cannot be used.
    pub fn new(config: &SmtpConfig) -> Result<Self, TransportError> {
        let timeout = Duration::from_secs(config.timeout_seconds);
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&config.host)
            .port(config.port.unwrap_or_else(|| default_port(config.security)))
            .timeout(Some(timeout))
            .tls(tls_settings(config)?);
        if let (Some(username), Some(password)) = (&config.username, &config.password) {
            builder = with_login(builder, username, password.expose());
        }
        Ok(Self { server: builder.build(), timeout })
    }
}

fn with_login(builder: AsyncSmtpTransportBuilder, username: &str, password: &str) -> AsyncSmtpTransportBuilder {
    builder.credentials(Credentials::new(username.to_owned(), password.to_owned()))
}

/// RFC 8314 and RFC 6409.
const fn default_port(security: Security) -> u16 {
    match security {
        Security::Starttls => 587,
        Security::Tls => 465,
        Security::Plain => 25,
    }
}

fn tls_settings(config: &SmtpConfig) -> Result<Tls, TransportError> {
    let parameters = || -> Result<TlsParameters, TransportError> {
        let mut builder = TlsParameters::builder(config.host.clone());
        if let Some(file) = &config.ca_file {
            builder = builder.add_root_certificate(Certificate::from_pem(&std::fs::read(file)?)?);
        }
        Ok(builder.build()?)
    };
    Ok(match config.security {
        Security::Starttls => Tls::Required(parameters()?),
        Security::Tls => Tls::Wrapper(parameters()?),
        Security::Plain => Tls::None,
    })
}

#[async_trait]
impl Transport for Smtp {
    async fn send(&self, _mail: &Mail, message: &lettre::Message) -> Result<(), SendError> {
        match self.server.send(message.clone()).await {
            Ok(_) => Ok(()),
            Err(error) => Err(to_send_error(&error)),
        }
    }

    /// A step that is given its time is not cut off before: a server that is still at the last one may have taken the
    /// message.
    fn send_timeout(&self) -> Duration {
        self.timeout.max(DEFAULT_SEND_TIMEOUT)
    }
}

/// The server's words may name the recipient; its code never does.
fn to_send_error(error: &Error) -> SendError {
    match error.status() {
        Some(code) => classify_reply(code),
        None if error.is_timeout() => SendError::Unavailable("the SMTP server did not answer in time".to_owned()),
        None if error.is_tls() => {
            SendError::Unavailable("the connection to the SMTP server cannot be encrypted".to_owned())
        }
        None => SendError::Unavailable("the SMTP server cannot be reached".to_owned()),
    }
}

/// RFC 5321, section 4.2.1: 55x speaks of the mailbox. Other 5xx speak of this process (its syntax, its login): no customer's mail may
/// count as bounced because a password has expired.
fn classify_reply(code: Code) -> SendError {
    let reply = format!("SMTP {code}");
    match (code.severity, code.category) {
        (Severity::PermanentNegativeCompletion, Category::MailSystem) => SendError::Permanent(reply),
        (Severity::TransientNegativeCompletion, _) => SendError::Deferred(reply),
        (_, _) => SendError::Unavailable(reply),
    }
}

#[cfg(test)]
mod tests;
