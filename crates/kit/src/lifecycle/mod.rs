//! The life of a process: what it waits for before it is ready, background work, and how it ends.
mod readiness;
mod shutdown;
mod tasks;

pub use readiness::{Gate, Readiness, Unready};
pub use shutdown::Shutdown;
pub use tasks::{Backoff, Tasks};
