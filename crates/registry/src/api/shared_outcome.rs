//! Passes the outcome of an imported row from the closure of a command to the API method.
use std::sync::{Arc, Mutex, PoisonError};

use cpor_proto::registry::v1::import_result::Outcome;

/// The outcome of an imported row. The closure of a command sets it, and the API method reads it
/// after the commit.
///
/// The writer can run the closure several times, for example after a concurrent change. The last
/// run counts.
#[derive(Clone)]
pub(super) struct SharedOutcome(Arc<Mutex<Outcome>>);

impl SharedOutcome {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Outcome::Unchanged)))
    }

    /// Sets the outcome. `existed` tells whether the row was stored before, and `has_changed`
    /// whether the import changes it.
    pub(super) fn set(&self, existed: bool, has_changed: bool) {
        let outcome = match (existed, has_changed) {
            (_, false) => Outcome::Unchanged,
            (true, true) => Outcome::Updated,
            (false, true) => Outcome::Created,
        };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = outcome;
    }

    pub(super) fn get(&self) -> Outcome {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
