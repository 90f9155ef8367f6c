//! The lifecycle of a process: readiness, background tasks and shutdown.
mod readiness;
mod shutdown;
mod tasks;

pub use readiness::{FailedCheck, Readiness, ReadinessCheck};
pub use shutdown::Shutdown;
pub use tasks::{Backoff, Tasks};
