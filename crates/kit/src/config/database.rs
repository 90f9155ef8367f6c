use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Faults, SecretUrl};

/// Where a service keeps its tables: SQLite files in a directory, or PostgreSQL when `url` is set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseConfig {
    /// Where the SQLite files lie, one for each service.
    pub directory: PathBuf,
    /// A PostgreSQL URL. `{service}` in it is replaced by the service (`claim_intake`), for one database each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<SecretUrl>,
    /// The schema that becomes the search path; `{service}` is replaced as in `url`, for one schema each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// PostgreSQL connections of each service, for writing and again for reading.
    pub connections: u32,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self { directory: PathBuf::from("cpor-data"), url: None, schema: None, connections: 8 }
    }
}

impl DatabaseConfig {
    /// The URL is PostgreSQL's, the schema a plain identifier, and there is at least one connection.
    pub fn validate(&self, faults: &mut Faults) {
        if let Some(url) = &self.url {
            let known = ["postgres://", "postgresql://"].iter().any(|scheme| url.expose().starts_with(scheme));
            faults.require(known, "url", "must start with postgres://");
        }
        if let Some(schema) = &self.schema {
            let name = schema.replace("{service}", "claim_intake");
            let plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
                && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
            faults.require(plain && name.len() <= 63, "schema", "must be lower case letters, digits and _, at most 63");
            faults.require(self.url.is_some(), "schema", "is for PostgreSQL: set url too");
        }
        faults.require((1..=500).contains(&self.connections), "connections", "must be between 1 and 500");
    }
}
