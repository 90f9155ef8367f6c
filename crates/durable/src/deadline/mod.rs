//! Deadlines: a table that indexes the pending deadlines of all aggregates by due time, and the
//! runner that applies them.
mod change;
pub(crate) mod index;
mod runner;

pub use change::DeadlineState;
pub(crate) use change::{DeadlineChange, DeadlineChanges};
pub use runner::DeadlineRunner;
