//! The configuration. It is loaded from a file, the environment and flags, and validated as a whole
//! before the process opens databases or listeners. Each section is a struct with a `validate`
//! function. A section that belongs to one crate, such as `database`, is declared in that crate.
mod listen;
mod load;
mod print;
mod secret;
mod telemetry;
mod validation;

pub use listen::ListenConfig;
pub use load::{LoadError, Sources, load};
pub use print::{PrintError, to_masked_toml};
pub use secret::{Secret, SecretUrl};
pub use telemetry::{LogFormat, TelemetryConfig};
pub use validation::{ValidationError, ValidationErrors};

#[cfg(test)]
mod tests;
