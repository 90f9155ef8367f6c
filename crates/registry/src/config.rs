//! The registry's own section of the configuration.
use std::path::{Path, PathBuf};

use cpor_kit::config::Faults;
use serde::{Deserialize, Serialize};

use crate::domain::catalog::{Catalog, CatalogError};

/// What can be configured of the registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// A catalog of products (R9) to use instead of the one that ships with the service: a TOML file of that form.
    pub catalog_file: Option<PathBuf>,
    /// Days of 24 hours from the end of a subscription to that of its associations (R39), where the directory does not say
    /// before that it has expired. It counts for subscriptions that are imported from then on.
    pub grace_days: u32,
}

/// Ten years.
const MOST_GRACE_DAYS: u32 = 3660;

impl Default for Config {
    fn default() -> Self {
        Self { catalog_file: None, grace_days: 30 }
    }
}

/// Why the configured catalog cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}", path = .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// What is in it makes no sense.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

impl Config {
    /// Names what is wrong, if anything is.
    pub fn validate(&self, faults: &mut Faults) {
        if let Err(error) = self.catalog() {
            faults.add("catalog_file", error.to_string());
        }
        if self.grace_days > MOST_GRACE_DAYS {
            faults.add("grace_days", format!("{} is more than {MOST_GRACE_DAYS}", self.grace_days));
        }
    }

    /// The catalog: the file's, or the one that ships with the service.
    pub(crate) fn catalog(&self) -> Result<Catalog, ConfigError> {
        match &self.catalog_file {
            None => Ok(Catalog::shipped()?),
            Some(path) => Ok(Catalog::parse(&read(path)?)?),
        }
    }
}

fn read(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })
}
