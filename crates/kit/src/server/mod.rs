//! The gRPC server that every service stands behind.
//!
//! A request passes, from outside in: the draining of what is not read, observation (request id, span, metrics), the
//! panic catcher, the translation of the transport's own errors, admission, the deadline, authorisation, and then the
//! service. Health and reflection pass all of it but admission and authorisation.
mod admission;
mod answer;
mod call;
mod deadline;
mod drain;
mod health;
mod observe;
mod panic;
mod reflection;
mod serve;
mod services;

pub use call::CallDeadline;
pub(crate) use call::{current_request_id, remaining};
pub use serve::{Server, ServerError, ServerParts, install_crypto};
pub use services::Services;

/// The header that carries a request's id, in and out.
pub const REQUEST_ID: &str = "x-request-id";

#[cfg(test)]
mod tests;
