//! What an import's decision saw.
use std::sync::{Arc, Mutex, PoisonError};

use cpor_proto::registry::v1::import_result::Outcome;

/// Carries what a decision saw out of it; the last time that it was asked counts.
#[derive(Clone)]
pub(super) struct Seen(Arc<Mutex<Outcome>>);

impl Seen {
    pub(super) fn new() -> (Self, Self) {
        let seen = Self(Arc::new(Mutex::new(Outcome::Unchanged)));
        (seen.clone(), seen)
    }

    pub(super) fn note(&self, known: bool, changed: bool) {
        let outcome = match (known, changed) {
            (_, false) => Outcome::Unchanged,
            (true, true) => Outcome::Updated,
            (false, true) => Outcome::Created,
        };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = outcome;
    }

    pub(super) fn read(&self) -> Outcome {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
