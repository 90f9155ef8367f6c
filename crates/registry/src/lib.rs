//! The association registry: the directory of partners and customers, the catalog of what can be claimed, and who is
//! on record for what.
//!
//! Exclusivity (R34) is decided in one place, the [tenant](domain::tenant) aggregate, under the lock of the tenant's
//! row, and upheld by the `key_holder` table besides. The way of a command: `api` reads the message, `domain` decides
//! within the writer's transaction, `store` saves, `outgoing` says what others are told.
mod aggregate;
mod api;
mod app;
mod config;
mod domain;
mod incoming;
mod outgoing;
mod store;

pub use app::{BuildError, build};
pub use config::{Config, ConfigError};
pub use domain::catalog::CatalogError;
pub use store::migration::migrations;
