//! Process concerns that every CPOR service shares: configuration, databases, identity, the server stack, life
//! cycle, telemetry, errors, paging and channels to other services. Nothing here knows what a claim is.

pub mod admin;
pub mod auth;
pub mod config;
pub mod csv;
pub mod db;
mod descriptors;
pub mod filter;
pub mod json;
pub mod lifecycle;
pub mod metrics;
pub mod order;
pub mod page;
pub mod peer;
pub mod redact;
pub mod reflect;
pub mod request;
pub mod server;
pub mod status;
pub mod telemetry;
pub mod wire_time;

pub use auth::Caller;
pub use db::{Db, Engine};
pub use metrics::Metrics;
pub use peer::Peers;
