//! The `database` section of the configuration.
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use cpor_process::config::{SecretUrl, ValidationErrors};

/// The databases of the services: PostgreSQL if `url` is set, otherwise SQLite files in a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseConfig {
    /// The folder with one SQLite file for each service.
    pub directory: PathBuf,
    /// A PostgreSQL URL. `{service}` in it is replaced by the name of the service (`claim_intake`),
    /// so that each service can have a database and a role of its own. Without `sslmode`, a server
    /// on another machine must have a valid certificate for its name (`verify-full`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<SecretUrl>,
    /// The PostgreSQL schema to use as search path. `{service}` in it is replaced as in `url`, so
    /// that each service can have a schema of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// The maximum number of PostgreSQL connections of each service for writing, and the same
    /// number again for reading.
    pub connections: u32,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self { directory: PathBuf::from("cpor-data"), url: None, schema: None, connections: 8 }
    }
}

impl DatabaseConfig {
    /// Checks the scheme of the URL, the schema name and the number of connections.
    pub fn validate(&self, errors: &mut ValidationErrors) {
        if let Some(url) = &self.url {
            let is_postgres = ["postgres://", "postgresql://"].iter().any(|scheme| url.expose().starts_with(scheme));
            errors.require(is_postgres, "url", "must start with postgres:// or postgresql://");
        }
        if let Some(schema) = &self.schema {
            let name = schema.replace("{service}", "claim_intake");
            let is_identifier = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
                && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
            errors.require(
                is_identifier && name.len() <= 63,
                "schema",
                "must be at most 63 lower-case letters, digits and underscores, and not start with a digit",
            );
            errors.require(self.url.is_some(), "schema", "requires database.url: schemas exist in PostgreSQL only");
        }
        errors.require((1..=500).contains(&self.connections), "connections", "must be between 1 and 500");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_all_errors_at_once() {
        let keys = |config: &DatabaseConfig| {
            let mut errors = ValidationErrors::default();
            config.validate(&mut errors);
            errors.errors().iter().map(|error| error.key.clone()).collect::<Vec<_>>()
        };
        assert_eq!(keys(&DatabaseConfig::default()), Vec::<String>::new());
        let database = DatabaseConfig {
            url: Some(SecretUrl::new("mysql://x")),
            schema: Some("No Good".to_owned()),
            connections: 0,
            ..DatabaseConfig::default()
        };
        assert_eq!(keys(&database), ["url", "schema", "connections"]);
    }
}
