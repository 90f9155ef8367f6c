//! The whole configuration of a process.

use std::path::PathBuf;

use cpor_kit::config::{
    AuthConfig, DatabaseConfig, Limits, ListenConfig, LoadError, PeersConfig, TelemetryConfig, TlsConfig,
    ValidationErrors, load,
};
use serde::{Deserialize, Serialize};

use crate::rules::RulesConfig;

/// Where the configuration comes from: a file, then the environment (`CPOR_LISTEN__GRPC`), then flags.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Sources {
    /// Configuration file (TOML).
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Set one key, for example `--set listen.grpc=0.0.0.0:50051`. May be repeated.
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    pub set: Vec<(String, String)>,
}

fn key_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').filter(|(key, _)| !key.is_empty()).ok_or("must be KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

/// The configuration: sections that all processes have, then one for each service. Every process reads the whole, whatever it hosts, so
/// that one file serves an installation.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Addresses.
    pub listen: ListenConfig,
    /// TLS of the gRPC listener.
    pub tls: TlsConfig,
    /// Databases.
    pub database: DatabaseConfig,
    /// Whose tokens are believed.
    pub auth: AuthConfig,
    /// Where the other services are.
    pub peers: PeersConfig,
    /// Traces and logs.
    pub telemetry: TelemetryConfig,
    /// What one process takes on.
    pub limits: Limits,
    /// Policy profiles and calendars.
    pub rules: RulesConfig,
    /// The service claim-intake.
    pub claim_intake: cpor_claim_intake::Config,
    /// The service poe-review.
    pub poe_review: cpor_poe_review::Config,
    /// The service customer-consent.
    pub customer_consent: cpor_customer_consent::Config,
    /// The service eligibility.
    pub eligibility: cpor_eligibility::Config,
    /// The service registry.
    pub registry: cpor_registry::Config,
}

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It cannot be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// It has faults; each is named.
    #[error(transparent)]
    ValidationErrors(#[from] ValidationErrors),
}

impl Config {
    /// Reads and checks it.
    ///
    /// # Errors
    /// Unknown keys, values of the wrong type, and every fault of the values at once.
    pub fn load(sources: &Sources) -> Result<Self, ConfigError> {
        let mut from = cpor_kit::config::Sources::process(sources.config.clone());
        for (key, value) in &sources.set {
            from = from.set(key, value);
        }
        let config: Self = load(&from)?;
        config.check()?;
        Ok(config)
    }

    /// Checks it.
    ///
    /// # Errors
    /// Every fault at once.
    pub fn check(&self) -> Result<(), ValidationErrors> {
        let mut faults = ValidationErrors::default();
        faults.in_section("listen", |faults| self.listen.validate(faults));
        faults.in_section("tls", |faults| self.tls.validate(faults));
        faults.in_section("database", |faults| self.database.validate(faults));
        faults.in_section("auth", |faults| self.auth.validate(faults));
        faults.in_section("peers", |faults| self.peers.validate(faults));
        faults.in_section("telemetry", |faults| self.telemetry.validate(faults));
        faults.in_section("limits", |faults| self.limits.validate(faults));
        faults.in_section("rules", |faults| self.rules.validate(faults));
        faults.in_section("claim_intake", |faults| self.claim_intake.validate(faults));
        faults.in_section("poe_review", |faults| self.poe_review.validate(faults));
        faults.in_section("customer_consent", |faults| self.customer_consent.validate(faults));
        faults.in_section("eligibility", |faults| self.eligibility.validate(faults));
        faults.in_section("registry", |faults| self.registry.validate(faults));
        faults.into_result()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever looks like a variable of the configuration in a text, with its value.
    fn variables(text: &str) -> Vec<(String, String)> {
        let words = |line: &str| {
            let (name, value) = line.trim().trim_start_matches("- ").split_once([':', '='])?;
            let known = name.starts_with("CPOR_") && !name.contains(' ');
            known.then(|| (name.to_owned(), value.trim().trim_matches('"').to_owned()))
        };
        text.lines().filter_map(words).collect()
    }

    #[test]
    fn what_is_deployed_is_known() {
        for text in [include_str!("../../../docker-compose.yml"), include_str!("../../../deploy/base/cpor.env")] {
            let environment = variables(text);
            assert!(environment.len() > 5, "the file has no settings");
            let sources = cpor_kit::config::Sources { environment, ..cpor_kit::config::Sources::default() };
            load::<Config>(&sources).unwrap();
        }
    }

    #[test]
    fn every_fault_is_named_at_once() {
        let mut config = Config::default();
        config.database.connections = 0;
        config.customer_consent.public_url = "nowhere".into();
        let faults = config.check().unwrap_err();
        let keys: Vec<_> = faults.errors().iter().map(|fault| fault.key.as_str()).collect();
        assert_eq!(keys, ["database.connections", "customer_consent.public_url"]);
    }

    #[test]
    fn unknown_keys_are_errors() {
        let environment = vec![("CPOR_LISTEN__GRCP".to_owned(), "127.0.0.1:1".to_owned())];
        let sources = cpor_kit::config::Sources { environment, ..cpor_kit::config::Sources::default() };
        let error = load::<Config>(&sources).unwrap_err().to_string();
        assert!(error.contains("grcp") && error.contains("CPOR_LISTEN__GRCP"), "{error}");
    }

    #[test]
    fn an_unknown_section_hides_no_value_of_the_wrong_type() {
        let sources = cpor_kit::config::Sources::default()
            .set("claim_intak.evidence_directory", "evidence")
            .set("customer_consent.mail.smtp.port", "many")
            .set("poe_review.approval_lease_seconds", "long");
        let error = load::<Config>(&sources).unwrap_err().to_string();
        let keys = ["claim_intak (", "smtp.port (", "smtp (", "approval_lease_seconds ("];
        assert!(keys.iter().all(|key| error.contains(key)), "{error}");
        assert_eq!(error.lines().count(), 1 + keys.len(), "{error}");
    }

    #[test]
    fn a_certificate_that_is_none_is_a_fault_of_the_configuration() {
        let mut config = Config::default();
        let empty = tempfile::NamedTempFile::new().unwrap();
        let path = Some(empty.path().to_owned());
        (config.tls.certificate_file, config.tls.key_file) = (path.clone(), path);
        config.database.connections = 0;
        let faults = config.check().unwrap_err();
        let keys: Vec<_> = faults.errors().iter().map(|fault| fault.key.as_str()).collect();
        assert_eq!(keys, ["tls.certificate_file", "tls.key_file", "database.connections"]);
    }
}
