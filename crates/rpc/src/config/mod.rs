//! The sections of the configuration that a gRPC server and its clients read.
mod limits;
mod peers;
mod tls;

pub use limits::Limits;
pub(crate) use limits::UPLOAD_BYTES;
pub use peers::PeersConfig;
pub use tls::TlsConfig;

#[cfg(test)]
mod tests;
