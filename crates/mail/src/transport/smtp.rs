//! The transport that sends through an SMTP server.

use std::time::Duration;

use async_trait::async_trait;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::response::{Category, Code, Severity};
use lettre::transport::smtp::{AsyncSmtpTransportBuilder, Error};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};

use super::{DEFAULT_SEND_TIMEOUT, SendError, Transport, TransportError};
use crate::{Mail, Security, SmtpConfig};

/// Sends messages through an SMTP server, over a pool of connections.
#[derive(Debug)]
pub struct Smtp {
    /// The connection pool.
    server: AsyncSmtpTransport<Tokio1Executor>,
    /// The timeout for one step of the SMTP dialogue.
    timeout: Duration,
}

impl Smtp {
    /// Creates the transport. It connects when the first message is sent.
    ///
    /// # Errors
    /// Returns [`TransportError`] if the file of the certificate authority cannot be used.
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

/// Adds user name and password to `builder`.
fn with_login(builder: AsyncSmtpTransportBuilder, username: &str, password: &str) -> AsyncSmtpTransportBuilder {
    builder.credentials(Credentials::new(username.to_owned(), password.to_owned()))
}

/// Returns the standard port: RFC 8314 (TLS), RFC 6409 (STARTTLS) or RFC 5321 (plain).
const fn default_port(security: Security) -> u16 {
    match security {
        Security::Starttls => 587,
        Security::Tls => 465,
        Security::Plain => 25,
    }
}

/// Returns whether and how the connection is encrypted.
fn tls_settings(config: &SmtpConfig) -> Result<Tls, TransportError> {
    let tls_parameters = || -> Result<TlsParameters, TransportError> {
        let mut builder = TlsParameters::builder(config.host.clone());
        if let Some(file) = &config.ca_file {
            builder = builder.add_root_certificate(Certificate::from_pem(&std::fs::read(file)?)?);
        }
        Ok(builder.build()?)
    };
    Ok(match config.security {
        Security::Starttls => Tls::Required(tls_parameters()?),
        Security::Tls => Tls::Wrapper(tls_parameters()?),
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

    /// Returns at least the timeout of one step of the SMTP dialogue. With a shorter one, a message
    /// that the server accepts slowly in the last step would count as not sent.
    fn send_timeout(&self) -> Duration {
        self.timeout.max(DEFAULT_SEND_TIMEOUT)
    }
}

/// Converts an error of the SMTP client. The result contains only the codes of the server's reply,
/// because the text of the reply may contain the recipient's address.
fn to_send_error(error: &Error) -> SendError {
    match error.status() {
        Some(code) => classify_reply(code, enhanced_code(error)),
        None if error.is_timeout() => SendError::Unavailable("the SMTP server did not answer in time".to_owned()),
        None if error.is_tls() => {
            SendError::Unavailable("the connection to the SMTP server cannot be encrypted".to_owned())
        }
        None => SendError::Unavailable("the SMTP server cannot be reached".to_owned()),
    }
}

/// An enhanced status code (RFC 3463): class, subject and detail.
type EnhancedCode = [u16; 3];

/// Returns the enhanced status code (RFC 2034) at the beginning of the server's reply, if it has
/// one.
fn enhanced_code(error: &Error) -> Option<EnhancedCode> {
    let text = std::error::Error::source(error)?.to_string();
    let numbers: Vec<u16> =
        text.split_whitespace().next()?.split('.').map(|number| number.parse().ok()).collect::<Option<_>>()?;
    numbers.try_into().ok()
}

/// Classifies a reply by its codes (R41b). A refusal of the recipient is permanent, whatever its
/// code is: 55x concerns the mailbox, 501 and 504 its address, 521 (RFC 7504) its host, and the
/// enhanced codes X.1.x address problems. A refusal of this process is not: 53x concerns its login,
/// X.1.7 and X.1.8 the sender's address, and other 5xx codes its syntax. A 4xx code is a deferral.
fn classify_reply(code: Code, enhanced: Option<EnhancedCode>) -> SendError {
    let reply = match enhanced {
        Some([class, subject, detail]) => format!("SMTP {code} {class}.{subject}.{detail}"),
        None => format!("SMTP {code}"),
    };
    let concerns_sender = matches!(enhanced, Some([_, 1, 7 | 8]));
    let concerns_recipient = matches!(enhanced, Some([_, 1, _]))
        || code.category == Category::MailSystem
        || matches!(u16::from(code), 501 | 504 | 521);
    match (code.severity, code.category) {
        (Severity::TransientNegativeCompletion, _) => SendError::Deferred(reply),
        (Severity::PermanentNegativeCompletion, category)
            if concerns_recipient && !concerns_sender && category != Category::Unspecified3 =>
        {
            SendError::Permanent(reply)
        }
        (_, _) => SendError::Unavailable(reply),
    }
}

#[cfg(test)]
mod tests;
