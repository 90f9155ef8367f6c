//! The configuration of the service.

use std::path::PathBuf;

use axum::http::HeaderName;
use cpor_mail::MailConfig;
use cpor_process::config::ValidationErrors;
use cpor_types::DomainName;
use serde::{Deserialize, Serialize};

/// The section `customer_consent` of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The base URL at which customers reach the consent page, for example
    /// `https://consent.example.com`. Consent links begin with it.
    pub public_url: String,
    /// The number of days (1 to 3650, in real time) after which a consent link stops working. Each
    /// mail has its own link.
    pub link_lifetime_days: u32,
    /// The file with the keys that seal the sessions of the consent page: one key per line, an id
    /// and 32 bytes in Base64. The first key seals; the others only open, so that keys can be
    /// rotated. All replicas need the same file. Without this setting, the process creates
    /// `consent-sessions` in its data directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_keys_file: Option<PathBuf>,
    /// The header in which a proxy in front of the consent page names the client's address, for
    /// example `x-forwarded-for`. If the header contains several addresses, the last one is used.
    /// Without this setting, the address of the connection is used. The page limits the rate of
    /// requests for each address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_address_header: Option<String>,
    /// The maximum number of times in an hour that the notice of one claim can be sent again, for
    /// each process.
    pub notices_again_per_hour: u32,
    /// The settings for sending mails to customers.
    pub mail: MailConfig,
    /// The settings for reports of notices that bounced after they were accepted (R41b). Without
    /// them, only operators record such bounces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bounces: Option<BounceConfig>,
}

/// The settings for reports of failed deliveries (RFC 3464). Each notice has a return address of
/// its own, to which mail systems send such a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BounceConfig {
    /// The domain of the return addresses. Mail to all addresses of the domain must be delivered to
    /// `maildir`.
    pub return_domain: String,
    /// The folder that a mail server delivers the reports to, in the format Maildir. It is created
    /// if it does not exist.
    pub maildir: PathBuf,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            public_url: "http://127.0.0.1:8080".to_owned(),
            // This is longer than a review and the consent window together.
            link_lifetime_days: 180,
            session_keys_file: None,
            client_address_header: None,
            notices_again_per_hour: 20,
            mail: MailConfig::default(),
            bounces: None,
        }
    }
}

impl Config {
    /// Adds an error to `errors` for each setting whose value is not allowed.
    pub fn validate(&self, errors: &mut ValidationErrors) {
        errors.require(self.origin().is_some(), "public_url", "must be an http or https URL without a query");
        errors.require(
            (1..=3650).contains(&self.link_lifetime_days),
            "link_lifetime_days",
            "must be between 1 and 3650",
        );
        let is_header = |name: &String| name.parse::<HeaderName>().is_ok();
        errors.require(
            self.client_address_header.as_ref().is_none_or(is_header),
            "client_address_header",
            "must be the name of a header",
        );
        errors.require(self.notices_again_per_hour > 0, "notices_again_per_hour", "must be at least 1");
        errors.in_section("mail", |errors| self.mail.validate(errors));
        if let Some(bounces) = &self.bounces {
            let is_domain = bounces.return_domain.parse::<DomainName>().is_ok();
            errors.require(is_domain, "bounces.return_domain", "must be a domain name like bounces.example.com");
        }
    }

    /// Returns scheme and authority of the public URL, as browsers send them in the header
    /// `Origin`. Returns `None` if the URL is invalid.
    pub(crate) fn origin(&self) -> Option<String> {
        let uri: axum::http::Uri = self.public_url.parse().ok()?;
        let scheme = uri.scheme_str().filter(|scheme| ["http", "https"].contains(scheme))?;
        (uri.query().is_none()).then_some(())?;
        Some(format!("{scheme}://{}", uri.authority()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_origin_is_scheme_and_authority() {
        let origin = |public_url: &str| Config { public_url: public_url.into(), ..Config::default() }.origin();
        assert_eq!(origin("https://consent.example.com/cpor/").as_deref(), Some("https://consent.example.com"));
        assert_eq!(origin("http://127.0.0.1:8080").as_deref(), Some("http://127.0.0.1:8080"));
        for invalid in ["consent.example.com", "ftp://consent.example.com", "", "https://a.example/?b"] {
            assert_eq!(origin(invalid), None, "{invalid}");
        }
    }

    #[test]
    fn the_default_is_valid_and_all_faults_are_named() {
        let mut errors = ValidationErrors::default();
        Config::default().validate(&mut errors);
        assert_eq!(errors.errors(), []);
        let bounces = BounceConfig { return_domain: "10.0.0.1".into(), maildir: "bounces".into() };
        let faulty = Config {
            public_url: "x".into(),
            link_lifetime_days: 0,
            client_address_header: Some("a b".into()),
            bounces: Some(bounces),
            ..Config::default()
        };
        faulty.validate(&mut errors);
        assert_eq!(errors.errors().len(), 4);
    }
}
