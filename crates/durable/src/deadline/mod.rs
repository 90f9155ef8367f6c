//! Deadlines: a table that indexes the pending deadlines of all aggregates (such as claims) by due
//! time. The deadline runner applies them.
mod change;
pub(crate) mod index;

pub use change::DeadlineState;
pub(crate) use change::{DeadlineChange, DeadlineChanges};
