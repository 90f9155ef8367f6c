//! Passes the outcome of imported rows from the closure of a command to the API method.
use std::sync::{Arc, Mutex, PoisonError};

use cpor_proto::registry::v1::import_result::Outcome;

/// A value that the closure of a command sets, and that the API method reads after the commit.
///
/// The writer can run the closure several times, for example after a concurrent change. The last
/// run counts.
#[derive(Clone)]
pub(super) struct SharedOutcome<T = Outcome>(Arc<Mutex<T>>);

impl<T: Clone> SharedOutcome<T> {
    /// Creates the outcome of a command whose closure does not run.
    pub(super) fn new(initial: T) -> Self {
        Self(Arc::new(Mutex::new(initial)))
    }

    pub(super) fn set(&self, outcome: T) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = outcome;
    }

    pub(super) fn get(&self) -> T {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Returns the outcome of a row. `existed` says whether the resource was there before, and
/// `has_changed` says whether the import changes it.
pub(super) fn row_outcome(existed: bool, has_changed: bool) -> Outcome {
    match (existed, has_changed) {
        (_, false) => Outcome::Unchanged,
        (true, true) => Outcome::Updated,
        (false, true) => Outcome::Created,
    }
}
