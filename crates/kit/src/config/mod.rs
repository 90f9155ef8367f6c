//! Configuration: loaded from a file, the environment and flags, and validated as a whole before
//! the process opens anything. Each section is a struct with a `validate` function.
mod auth;
mod database;
mod limits;
mod listen;
mod load;
mod peers;
mod print;
mod secret;
mod telemetry;
mod tls;
mod validation;

pub use auth::AuthConfig;
pub use database::DatabaseConfig;
pub use limits::Limits;
pub use listen::ListenConfig;
pub use load::{LoadError, Sources, load};
pub use peers::PeersConfig;
pub use print::{PrintError, to_masked_toml};
pub use secret::{Secret, SecretUrl};
pub use telemetry::{LogFormat, TelemetryConfig};
pub use tls::TlsConfig;
pub use validation::{ValidationError, ValidationErrors};

#[cfg(test)]
mod tests;
