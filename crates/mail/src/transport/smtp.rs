//! The transport that sends through an SMTP server.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail as MailCommand, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use lettre::transport::smtp::response::{Category, Code, Severity};
use tokio::sync::Mutex;

use super::{DEFAULT_SEND_TIMEOUT, SendError, Transport, TransportError};
use crate::{Mail, Security, SmtpConfig};

/// A connection that was not used for this time is not used again.
const MAX_IDLE: Duration = Duration::from_secs(60);

/// Sends messages through an SMTP server, and keeps connections for the next messages.
///
/// The commands are sent one by one, because only a refusal of the recipient is a bounce (R41b),
/// and the errors of a whole SMTP dialogue do not tell which command was refused.
pub struct Smtp {
    /// The host name and port of the server.
    server: (String, u16),
    /// Whether the connection is encrypted, and from which point on.
    security: Security,
    /// The settings of the encryption. `None` if the connection is not encrypted.
    tls: Option<TlsParameters>,
    /// The user name and password. `None` if the server needs no login.
    credentials: Option<Credentials>,
    /// The name by which this machine introduces itself to the server (EHLO).
    ehlo_name: ClientId,
    /// The timeout for one step of the SMTP dialogue.
    timeout: Duration,
    /// The connections that are not in use, with the time of their last use.
    idle: Mutex<Vec<(AsyncSmtpConnection, Instant)>>,
}

impl std::fmt::Debug for Smtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Smtp").field("server", &self.server).finish_non_exhaustive()
    }
}

impl Smtp {
    /// Creates the transport. It connects when the first message is sent.
    ///
    /// # Errors
    /// Returns [`TransportError`] if the file of the certificate authority cannot be used.
    pub fn new(config: &SmtpConfig) -> Result<Self, TransportError> {
        let credentials = config.username.clone().zip(config.password.as_ref());
        Ok(Self {
            server: (config.host.clone(), config.port.unwrap_or_else(|| default_port(config.security))),
            security: config.security,
            tls: tls_parameters(config)?,
            credentials: credentials
                .map(|(username, password)| Credentials::new(username, password.expose().to_owned())),
            ehlo_name: ClientId::default(),
            timeout: Duration::from_secs(config.timeout_seconds),
            idle: Mutex::default(),
        })
    }

    /// Returns a connection that is ready for a message: one that was used before, or a new one.
    async fn connection(&self) -> Result<AsyncSmtpConnection, Error> {
        loop {
            let Some((mut connection, last_use)) = self.idle.lock().await.pop() else { break };
            if last_use.elapsed() < MAX_IDLE && connection.test_connected().await {
                return Ok(connection);
            }
        }
        let implicit_tls = self.tls.clone().filter(|_| self.security == Security::Tls);
        let mut connection = AsyncSmtpConnection::connect_tokio1(
            self.server.clone(),
            Some(self.timeout),
            &self.ehlo_name,
            implicit_tls,
            None,
        )
        .await?;
        if let (Security::Starttls, Some(tls)) = (self.security, self.tls.clone()) {
            connection.starttls(tls, &self.ehlo_name).await?;
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        Ok(connection)
    }
}

/// Returns the standard port: RFC 8314 (TLS), RFC 6409 (STARTTLS) or RFC 5321 (plain).
const fn default_port(security: Security) -> u16 {
    match security {
        Security::Starttls => 587,
        Security::Tls => 465,
        Security::Plain => 25,
    }
}

/// Returns the settings of the encryption, or `None` if the connection is not encrypted.
fn tls_parameters(config: &SmtpConfig) -> Result<Option<TlsParameters>, TransportError> {
    if config.security == Security::Plain {
        return Ok(None);
    }
    let mut builder = TlsParameters::builder(config.host.clone());
    if let Some(file) = &config.ca_file {
        builder = builder.add_root_certificate(Certificate::from_pem(&std::fs::read(file)?)?);
    }
    Ok(Some(builder.build()?))
}

/// Sends one message. Only the server's replies to the recipient's address and to the content can
/// mean that this recipient refuses the message.
async fn transmit(connection: &mut AsyncSmtpConnection, message: &lettre::Message) -> Result<(), SendError> {
    let envelope = message.envelope();
    let mut parameters = vec![];
    let mut addresses = envelope.to().iter().chain(envelope.from());
    if addresses.any(|address| !AsRef::<str>::as_ref(address).is_ascii()) {
        if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
            return Err(SendError::Unavailable("the SMTP server does not support SMTPUTF8".to_owned()));
        }
        parameters.push(MailParameter::SmtpUtfEight);
    }
    let sender = MailCommand::new(envelope.from().cloned(), parameters);
    connection.command(sender).await.map_err(|error| to_unavailable(&error))?;
    for recipient in envelope.to() {
        connection.command(Rcpt::new(recipient.clone(), vec![])).await.map_err(|error| to_refusal(&error))?;
    }
    connection.command(Data).await.map_err(|error| to_refusal(&error))?;
    connection.message(&message.formatted()).await.map_err(|error| to_refusal(&error))?;
    Ok(())
}

#[async_trait]
impl Transport for Smtp {
    async fn send(&self, _mail: &Mail, message: &lettre::Message) -> Result<(), SendError> {
        let mut connection = self.connection().await.map_err(|error| to_unavailable(&error))?;
        let sent = transmit(&mut connection, message).await;
        match sent {
            Ok(()) => self.idle.lock().await.push((connection, Instant::now())),
            Err(_) => connection.abort().await,
        }
        sent
    }

    /// Returns at least the timeout of one step of the SMTP dialogue. With a shorter one, a message
    /// that the server accepts slowly in the last step would count as not sent.
    fn send_timeout(&self) -> Duration {
        self.timeout.max(DEFAULT_SEND_TIMEOUT)
    }
}

/// Converts the error of a step that does not concern the recipient, for example a connection that
/// failed. The result contains only the codes of the server's reply, because the text of the reply
/// may contain the recipient's address.
fn to_unavailable(error: &Error) -> SendError {
    SendError::Unavailable(match error.status() {
        Some(code) => reply_text(code, enhanced_code(error)),
        None if error.is_timeout() => "the SMTP server did not answer in time".to_owned(),
        None if error.is_tls() => "the connection to the SMTP server cannot be encrypted".to_owned(),
        None => "the SMTP server cannot be reached".to_owned(),
    })
}

/// Converts the error of a step to which the server can reply that it refuses the recipient.
fn to_refusal(error: &Error) -> SendError {
    error.status().map_or_else(|| to_unavailable(error), |code| classify_reply(code, enhanced_code(error)))
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

/// Returns the codes of a reply as text, for example `SMTP 550 5.1.1`.
fn reply_text(code: Code, enhanced: Option<EnhancedCode>) -> String {
    match enhanced {
        Some([class, subject, detail]) => format!("SMTP {code} {class}.{subject}.{detail}"),
        None => format!("SMTP {code}"),
    }
}

/// Classifies a reply to the recipient or to the content by its codes (R41b):
/// - A 5xx code that concerns the recipient is a permanent refusal: 55x (the mailbox), 501 and 504
///   (the address), 521 (the host, RFC 7504), and the enhanced codes X.1.x.
/// - A 5xx code that concerns this process is not: 53x (the login), X.1.7 and X.1.8 (the sender's
///   address), and all others (the syntax of the commands).
/// - A 4xx code is a deferral.
fn classify_reply(code: Code, enhanced: Option<EnhancedCode>) -> SendError {
    let reply = reply_text(code, enhanced);
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
