//! The registry service. It stores the directory (the data about partners and customers), the
//! catalog of products and workloads, and the associations: which partner is on record for which
//! key of a tenant. A tenant is a customer. A key is one workload or one subscription of a tenant.
//! Rule numbers such as R34 refer to docs/rules.md.
//!
//! A key is held by at most one partner (R34). The [tenant](domain::tenant) aggregate decides this
//! under the lock of the tenant's row, and the primary key of the table `key_holder` guarantees it.
//!
//! A command passes through these modules: `api` parses the request, `domain` decides within the
//! writer's transaction, `store` saves the result, and `events::outgoing` builds the events for
//! other services.
mod aggregate;
mod api;
mod app;
mod config;
mod domain;
mod events;
mod store;

pub use app::{BuildError, build};
pub use config::{Config, ConfigError};
pub use domain::catalog::CatalogError;
pub use store::migration::migrations;
