//! The configuration of outgoing mail, which is a section of the configuration of each service that
//! sends mails.

use std::path::PathBuf;

use cpor_process::config::{Secret, ValidationErrors};
use lettre::message::Mailbox;
use serde::{Deserialize, Serialize};

/// The settings for sending mails. A service sends them through the SMTP server `smtp` or, if that
/// is not set, writes them as `.eml` files to the folder `directory`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MailConfig {
    /// The sender of all mails, as `Name <address>`.
    pub from: String,
    /// The folder for `.eml` files if `smtp` is not set. The default is `mail` in the data
    /// directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directory: Option<PathBuf>,
    /// The number of mails that one process sends at the same time, 1 to 64.
    pub parallel: usize,
    /// The number of hours (1 to 720) after the first attempt at which a mail that the server still
    /// defers counts as bounced.
    pub give_up_after_hours: u32,
    /// The maximum number of mails to one address in an hour, for each process. Further mails are
    /// delayed, not lost.
    pub per_recipient_per_hour: u32,
    /// The same for mails that must be sent by law or contract: the notices to customers. They have
    /// this number for themselves, so that other mails to the address never delay them.
    pub required_per_recipient_per_hour: u32,
    /// The SMTP server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smtp: Option<SmtpConfig>,
}

impl Default for MailConfig {
    fn default() -> Self {
        Self {
            from: "Partner associations <no-reply@cpor.example>".to_owned(),
            directory: None,
            parallel: 8,
            // RFC 5321, section 4.5.4.1: the give-up time generally needs to be at least four to
            // five days.
            give_up_after_hours: 120,
            per_recipient_per_hour: 1000,
            required_per_recipient_per_hour: 1000,
            smtp: None,
        }
    }
}

impl MailConfig {
    /// Adds an error to `errors` for each setting whose value is not allowed.
    pub fn validate(&self, errors: &mut ValidationErrors) {
        errors.require(
            self.sender_mailbox().is_some(),
            "from",
            "must be an address like `Name <no-reply@example.com>`",
        );
        errors.require((1..=64).contains(&self.parallel), "parallel", "must be between 1 and 64");
        let is_allowed = (1..=720).contains(&self.give_up_after_hours);
        errors.require(is_allowed, "give_up_after_hours", "must be between 1 and 720");
        errors.require(self.per_recipient_per_hour > 0, "per_recipient_per_hour", "must be at least 1");
        let is_positive = self.required_per_recipient_per_hour > 0;
        errors.require(is_positive, "required_per_recipient_per_hour", "must be at least 1");
        if let Some(smtp) = &self.smtp {
            errors.in_section("smtp", |errors| smtp.validate(errors));
        }
    }

    /// Returns the sender as a mailbox, or `None` if [`Self::from`] is not a valid mailbox.
    pub(crate) fn sender_mailbox(&self) -> Option<Mailbox> {
        self.from.parse().ok()
    }
}

/// The address, encryption and login of an SMTP server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmtpConfig {
    /// The host name of the server.
    pub host: String,
    /// The port of the server. The default depends on `security`: 587 (STARTTLS), 465 (TLS) or 25
    /// (plain).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Whether the connection is encrypted, and from which point on.
    #[serde(default)]
    pub security: Security,
    /// A PEM file with the certificate authority that issued the server's certificate, if that
    /// authority is not a public one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// The user name for the login. Without it, the sender does not log in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The password of `username`. It is set if and only if `username` is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// The timeout in seconds (1 to 60) for each step of the SMTP dialogue.
    #[serde(default = "default_timeout_seconds")]
    pub timeout_seconds: u64,
}

fn default_timeout_seconds() -> u64 {
    30
}

/// Whether a connection to an SMTP server is encrypted, and from which point on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Security {
    /// The connection is upgraded with STARTTLS. If the server does not offer STARTTLS, nothing is
    /// sent.
    #[default]
    Starttls,
    /// The connection is encrypted from the first byte.
    Tls,
    /// The connection is never encrypted. This is for a test mail server on the same machine.
    Plain,
}

impl SmtpConfig {
    /// Adds an error to `errors` for each setting whose value is not allowed.
    fn validate(&self, errors: &mut ValidationErrors) {
        errors.require(!self.host.is_empty(), "host", "must not be empty");
        errors.require((1..=60).contains(&self.timeout_seconds), "timeout_seconds", "must be between 1 and 60");
        let is_paired = self.username.is_some() == self.password.is_some();
        errors.require(is_paired, "username", "must be set together with password");
        let is_protected = self.security != Security::Plain || self.password.is_none();
        errors.require(is_protected, "password", "must not be sent unencrypted: set security to starttls or tls");
        if let Some(file) = &self.ca_file
            && let Err(error) = std::fs::File::open(file)
        {
            errors.add("ca_file", format!("cannot read {}: {error}", file.display()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the keys of the values that are not allowed.
    fn faulty_keys(config: &MailConfig) -> Vec<String> {
        let mut errors = ValidationErrors::default();
        config.validate(&mut errors);
        errors.errors().iter().map(|error| error.key.clone()).collect()
    }

    fn smtp_config() -> SmtpConfig {
        let password = Some(Secret::new("hunter2"));
        SmtpConfig {
            host: "mail.example".into(),
            port: None,
            security: Security::Starttls,
            ca_file: None,
            username: Some("cpor".into()),
            password,
            timeout_seconds: 30,
        }
    }

    #[test]
    fn default_and_smtp_configs_are_valid() {
        assert_eq!(faulty_keys(&MailConfig::default()), Vec::<String>::new());
        assert_eq!(
            faulty_keys(&MailConfig { smtp: Some(smtp_config()), ..MailConfig::default() }),
            Vec::<String>::new()
        );
    }

    #[test]
    fn all_faults_are_reported_at_once() {
        let smtp = SmtpConfig {
            host: String::new(),
            security: Security::Plain,
            username: None,
            timeout_seconds: 0,
            ..smtp_config()
        };
        let config = MailConfig {
            from: "nobody".into(),
            parallel: 0,
            give_up_after_hours: 0,
            per_recipient_per_hour: 0,
            required_per_recipient_per_hour: 0,
            smtp: Some(smtp),
            directory: None,
        };
        let expected = [
            "from",
            "parallel",
            "give_up_after_hours",
            "per_recipient_per_hour",
            "required_per_recipient_per_hour",
            "smtp.host",
            "smtp.timeout_seconds",
            "smtp.username",
            "smtp.password",
        ];
        assert_eq!(faulty_keys(&config), expected);
    }
}
