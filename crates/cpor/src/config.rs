//! The configuration of a process. It has sections that concern the whole process, and one section
//! for each service.

use std::path::PathBuf;

use cpor_auth::AuthConfig;
use cpor_database::DatabaseConfig;
use cpor_process::config::{ListenConfig, LoadError, SecretUrl, TelemetryConfig, ValidationErrors, load};
use cpor_rpc::config::{Limits, PeersConfig, TlsConfig};
use serde::{Deserialize, Serialize};

use crate::{rules::RulesConfig, server};

/// Arguments for the sources of the configuration. The environment (for example
/// `CPOR_LISTEN__GRPC`) overrides the file, and `--set` overrides both.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Sources {
    /// Configuration file (TOML).
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Set one configuration key, for example `--set listen.grpc=0.0.0.0:50051`. Can be repeated.
    #[arg(long, value_name = "KEY=VALUE", value_parser = parse_key_value)]
    pub set: Vec<(String, String)>,
}

fn parse_key_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').filter(|(key, _)| !key.is_empty()).ok_or("must have the form KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

/// The configuration. Every process reads all sections, even those of services that it does not
/// host, so that all processes of an installation can share one file.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The addresses to listen on.
    pub listen: ListenConfig,
    /// TLS of the gRPC listener.
    pub tls: TlsConfig,
    /// The databases of the services.
    pub database: DatabaseConfig,
    /// The keys with which tokens are verified, and the key that signs calls to other services.
    pub auth: AuthConfig,
    /// The addresses of the other services.
    pub peers: PeersConfig,
    /// Logs and traces.
    pub telemetry: TelemetryConfig,
    /// Limits on requests, connections and shutdown.
    pub limits: Limits,
    /// Policy profiles (sets of values that the rules leave to policy) and business-day calendars.
    pub rules: RulesConfig,
    /// Settings of the service claim-intake.
    pub claim_intake: cpor_claim_intake::Config,
    /// Settings of the service poe-review.
    pub poe_review: cpor_poe_review::Config,
    /// Settings of the service customer-consent.
    pub customer_consent: cpor_customer_consent::Config,
    /// Settings of the service eligibility.
    pub eligibility: cpor_eligibility::Config,
    /// Settings of the service registry.
    pub registry: cpor_registry::Config,
}

/// An error in the configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The configuration cannot be read: for example a key is unknown, or a value has the wrong
    /// type.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A secret is given as an argument, which others on the machine can see. The error names its
    /// key.
    #[error(
        "--set {0}: must not contain a password, because arguments can be seen by others: use the file or the environment"
    )]
    SecretArgument(String),
    /// Values are invalid. The error names each of them.
    #[error(transparent)]
    ValidationErrors(#[from] ValidationErrors),
}

impl Config {
    /// Reads and validates the configuration.
    ///
    /// # Errors
    /// Returns all unknown keys and values of the wrong type or, if there are none, all invalid
    /// values.
    pub fn load(sources: &Sources) -> Result<Self, ConfigError> {
        let mut merged = cpor_process::config::Sources::from_environment(sources.config.clone());
        // This variable holds the token of commands that call a server. It is not a configuration
        // key, but it can be set in the shell in which a server is started.
        merged.environment.retain(|(name, _)| name != server::TOKEN_VARIABLE);
        for (key, value) in &sources.set {
            if key.ends_with("password") || (value.contains("://") && SecretUrl::new(value).masked() != *value) {
                return Err(ConfigError::SecretArgument(key.clone()));
            }
            merged = merged.set(key, value);
        }
        let config: Self = load(&merged)?;
        config.check()?;
        Ok(config)
    }

    /// Validates all sections.
    ///
    /// # Errors
    /// Returns all invalid values if there are any.
    pub fn check(&self) -> Result<(), ValidationErrors> {
        let mut errors = ValidationErrors::default();
        errors.in_section("listen", |errors| self.listen.validate(errors));
        errors.in_section("tls", |errors| self.tls.validate(errors));
        errors.in_section("database", |errors| self.database.validate(errors));
        errors.in_section("auth", |errors| self.auth.validate(errors));
        errors.in_section("peers", |errors| self.peers.validate(errors));
        let demands_certificates = self.tls.client_ca_file.is_some() && self.peers.has_addresses();
        errors.require(
            !demands_certificates || self.peers.certificate_file.is_some(),
            "peers.certificate_file",
            "must be set if tls.client_ca_file is set, because the process itself calls services",
        );
        errors.in_section("telemetry", |errors| self.telemetry.validate(errors));
        errors.in_section("limits", |errors| self.limits.validate(errors));
        errors.in_section("rules", |errors| self.rules.validate(errors));
        errors.in_section("claim_intake", |errors| self.claim_intake.validate(errors));
        errors.in_section("poe_review", |errors| self.poe_review.validate(errors));
        errors.in_section("customer_consent", |errors| self.customer_consent.validate(errors));
        errors.in_section("eligibility", |errors| self.eligibility.validate(errors));
        errors.in_section("registry", |errors| self.registry.validate(errors));
        errors.into_result()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the names and values of all `CPOR_` environment variables in a YAML or env file.
    fn variables(text: &str) -> Vec<(String, String)> {
        let parse_line = |line: &str| {
            let (name, value) = line.trim().trim_start_matches("- ").split_once([':', '='])?;
            let is_variable = name.starts_with("CPOR_") && !name.contains(' ');
            is_variable.then(|| (name.to_owned(), value.trim().trim_matches('"').to_owned()))
        };
        text.lines().filter_map(parse_line).collect()
    }

    #[test]
    fn deployment_files_set_only_known_keys() {
        for text in [
            include_str!("../../../docker-compose.yml"),
            include_str!("../../../deploy/base/cpor.env"),
            include_str!("../../../deploy/base/services.env"),
        ] {
            let environment = variables(text);
            assert!(environment.len() > 5, "the file has no settings");
            let sources = cpor_process::config::Sources { environment, ..cpor_process::config::Sources::default() };
            load::<Config>(&sources).unwrap();
        }
    }

    #[test]
    fn all_invalid_values_are_reported_at_once() {
        let mut config = Config::default();
        config.database.connections = 0;
        config.customer_consent.public_url = "nowhere".into();
        let errors = config.check().unwrap_err();
        let keys: Vec<_> = errors.errors().iter().map(|error| error.key.as_str()).collect();
        assert_eq!(keys, ["database.connections", "customer_consent.public_url"]);
    }

    #[test]
    fn a_process_that_demands_certificates_has_one() {
        let mut config = Config::default();
        config.tls.client_ca_file = Some("no/such.crt".into());
        let lacks_certificate = |config: &Config| {
            let errors = config.check().unwrap_err();
            errors.errors().iter().any(|error| error.key == "peers.certificate_file" && error.problem.contains("tls."))
        };
        assert!(!lacks_certificate(&config), "it calls no service");
        config.peers.registry = Some("https://registry:50051".to_owned());
        assert!(lacks_certificate(&config));
        config.peers.certificate_file = Some("no/such.crt".into());
        assert!(!lacks_certificate(&config));
    }

    #[test]
    fn secrets_are_no_arguments() {
        let set = |key: &str, value: &str| {
            let set = vec![(key.to_owned(), value.to_owned())];
            Config::load(&Sources { config: None, set })
        };
        for (key, value) in [
            ("claim_intake.mail.smtp.password", "hunter2"),
            ("database.url", "postgres://cpor:hunter2@db.example/cpor"),
        ] {
            let error = set(key, value).unwrap_err();
            assert!(matches!(&error, ConfigError::SecretArgument(named) if named == key), "{error}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
        set("database.url", "postgres://cpor@db.example/cpor").unwrap();
    }

    #[test]
    fn unknown_keys_are_errors() {
        let environment = vec![("CPOR_LISTEN__GRCP".to_owned(), "127.0.0.1:1".to_owned())];
        let sources = cpor_process::config::Sources { environment, ..cpor_process::config::Sources::default() };
        let error = load::<Config>(&sources).unwrap_err().to_string();
        assert!(error.contains("grcp") && error.contains("CPOR_LISTEN__GRCP"), "{error}");
    }

    #[test]
    fn unknown_sections_and_wrong_types_are_reported_together() {
        let sources = cpor_process::config::Sources::default()
            .set("claim_intak.evidence_directory", "evidence")
            .set("customer_consent.mail.smtp.port", "many")
            .set("poe_review.approval_lease_seconds", "long");
        let error = load::<Config>(&sources).unwrap_err().to_string();
        let keys = ["claim_intak (", "smtp.port (", "smtp (", "approval_lease_seconds ("];
        assert!(keys.iter().all(|key| error.contains(key)), "{error}");
        assert_eq!(error.lines().count(), 1 + keys.len(), "{error}");
    }

    #[test]
    fn an_empty_certificate_file_is_an_invalid_value() {
        let mut config = Config::default();
        let empty = tempfile::NamedTempFile::new().unwrap();
        let path = Some(empty.path().to_owned());
        (config.tls.certificate_file, config.tls.key_file) = (path.clone(), path);
        config.database.connections = 0;
        let errors = config.check().unwrap_err();
        let keys: Vec<_> = errors.errors().iter().map(|error| error.key.as_str()).collect();
        assert_eq!(keys, ["tls.certificate_file", "tls.key_file", "database.connections"]);
    }
}
