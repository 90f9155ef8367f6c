//! Deadlines: an index by due time beside the aggregates' states, and the runner that lets them pass.
mod change;
pub(crate) mod index;
mod runner;

pub use change::DeadlineState;
pub(crate) use change::{DeadlineChange, DeadlineChanges};
pub use runner::Runner;
