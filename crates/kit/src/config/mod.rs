//! Configuration: read from file, environment and flags, checked whole before anything binds.
mod auth;
mod database;
mod fault;
mod limits;
mod listen;
mod peers;
mod print;
mod secret;
mod source;
mod telemetry;
mod tls;

pub use auth::AuthConfig;
pub use database::DatabaseConfig;
pub use fault::{Fault, Faults};
pub use limits::Limits;
pub use listen::ListenConfig;
pub use peers::PeersConfig;
pub use print::{PrintError, print};
pub use secret::{Secret, SecretUrl};
pub use source::{LoadError, Sources, load};
pub use telemetry::{LogFormat, TelemetryConfig};
pub use tls::TlsConfig;

#[cfg(test)]
mod tests;
