//! Configuration: read from file, environment and flags, checked whole before anything binds.
mod fault;
mod print;
mod secret;
mod sections;
mod source;

pub use fault::{Fault, Faults};
pub use print::{PrintError, print};
pub use secret::{Secret, SecretUrl};
pub use sections::{
    AuthConfig, DatabaseConfig, Limits, ListenConfig, LogFormat, PeersConfig, TelemetryConfig, TlsConfig,
};
pub use source::{LoadError, Sources, load};
