//! The lifecycle of a process: readiness, background tasks and shutdown.
mod readiness;
mod shutdown;
mod tasks;

pub use readiness::{FailedCheck, Gate, Readiness};
pub use shutdown::Shutdown;
pub use tasks::{Backoff, Tasks};
