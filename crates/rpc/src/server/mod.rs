//! The gRPC server of a process, with the middleware that all services share.
//!
//! A request passes the middleware in this order, from outside in: `body_drain` (reads request
//! bodies that no handler read), `observe` (request id, span, metrics), `panic` (turns panics into
//! INTERNAL), `error_translation` (converts the transport's own errors to the common form),
//! `deadline` (limits the duration of calls), [`auth`](cpor_auth as auth) (checks tokens),
//! `admission` (limits concurrent requests and their memory), and `directory` (refuses users of
//! unknown partners and tenants). Calls to health and reflection need no token, and have places of
//! their own.
mod admission;
mod body_drain;
mod connection;
mod deadline;
mod directory;
mod error_translation;
mod health;
mod message_lengths;
mod middleware;
mod observe;
mod panic;
mod reflection;
mod serve;
mod services;

pub use directory::Directory;
pub use serve::{Server, ServerDependencies, ServerError, install_crypto_provider};
pub use services::GrpcServices;

/// The name of the header with the id of a request, in requests and responses.
pub const REQUEST_ID: &str = "x-request-id";

#[cfg(test)]
mod tests;
