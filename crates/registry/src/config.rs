//! The registry's section of the configuration.
use std::path::{Path, PathBuf};

use cpor_call::directory_budget::DirectoryBudgetConfig;
use cpor_process::config::ValidationErrors;
use serde::{Deserialize, Serialize};

use crate::domain::catalog::{Catalog, CatalogError};

/// The configuration of the registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// A TOML file with the catalog of products that can be claimed (R9). If it is absent, the
    /// catalog that ships with the service is used.
    pub catalog_file: Option<PathBuf>,
    /// The length of the grace period in days of 24 hours: the time from the end of a subscription
    /// to the end of the partners' associations with it (R39). A change applies to subscriptions
    /// that are imported afterwards. An import that reports a subscription as expired ends the
    /// grace period early.
    pub grace_days: u32,
    /// How often partners may look up the tenant of a domain, for each process.
    pub domain_lookups: DirectoryBudgetConfig,
}

/// The largest value of `grace_days`, about ten years.
const MAX_GRACE_DAYS: u32 = 3660;

impl Default for Config {
    fn default() -> Self {
        Self { catalog_file: None, grace_days: 30, domain_lookups: DirectoryBudgetConfig::default() }
    }
}

/// The reason why the configured catalog cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}", path = .path.display())]
    Unreadable {
        /// The path of the file.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// The content of the file is not a valid catalog.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

impl Config {
    /// Adds an error to `errors` for each invalid value.
    pub fn validate(&self, errors: &mut ValidationErrors) {
        if let Err(error) = self.catalog() {
            errors.add("catalog_file", error.to_string());
        }
        if self.grace_days > MAX_GRACE_DAYS {
            errors.add("grace_days", format!("must be at most {MAX_GRACE_DAYS}, but is {}", self.grace_days));
        }
        errors.in_section("domain_lookups", |errors| self.domain_lookups.validate(errors));
    }

    /// Reads the configured catalog, or the one that ships with the service.
    pub(crate) fn catalog(&self) -> Result<Catalog, ConfigError> {
        match &self.catalog_file {
            None => Ok(Catalog::shipped()?),
            Some(path) => Ok(Catalog::parse(&read(path)?)?),
        }
    }
}

/// Reads the text of the catalog file.
fn read(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })
}
