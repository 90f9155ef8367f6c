use std::{collections::BTreeMap, sync::Arc};

use tokio::sync::watch;

/// What the process waits for before it may be sent work. Clones share the state.
#[derive(Clone, Debug)]
pub struct Readiness(Arc<watch::Sender<State>>);

#[derive(Clone, Debug, Default)]
struct State {
    draining: bool,
    /// By scope and name; `None` is ready, else why not.
    gates: BTreeMap<(String, String), Option<String>>,
}

/// One thing that is not ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unready {
    /// The service it belongs to; empty for the whole process.
    pub scope: String,
    /// What it is, for example `schema`.
    pub what: String,
    /// Why it is not ready.
    pub why: String,
}

impl Default for Readiness {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(State::default())))
    }
}

impl Readiness {
    /// Ready until a gate says otherwise.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds something to wait for, closed at first. `scope` is a service's name, or empty for the whole process.
    #[must_use]
    pub fn gate(&self, scope: &str, what: &str) -> Gate {
        let gate = Gate { readiness: self.clone(), key: (scope.to_owned(), what.to_owned()) };
        gate.not_ready("starting");
        gate
    }

    /// The process takes no new work any more.
    pub(crate) fn drain(&self) {
        self.0.send_modify(|state| state.draining = true);
    }

    /// Everything that is not ready; empty when the process is.
    #[must_use]
    pub fn unready(&self) -> Vec<Unready> {
        self.0.borrow().unready()
    }

    /// Whether one service of the process can work: its own gates and the process's are open.
    #[must_use]
    pub fn is_ready(&self, scope: &str) -> bool {
        self.unready().iter().all(|one| !one.scope.is_empty() && one.scope != scope)
    }

    /// Waits until something changed since the receiver last looked.
    pub(crate) fn changes(&self) -> Changes {
        Changes(self.0.subscribe())
    }
}

impl State {
    fn unready(&self) -> Vec<Unready> {
        let draining = self.draining.then(|| Unready {
            scope: String::new(),
            what: "process".to_owned(),
            why: "draining".to_owned(),
        });
        let closed = self.gates.iter().filter_map(|((scope, what), why)| {
            Some(Unready { scope: scope.clone(), what: what.clone(), why: why.clone()? })
        });
        draining.into_iter().chain(closed).collect()
    }
}

/// Tells of every change of readiness.
pub(crate) struct Changes(watch::Receiver<State>);

impl Changes {
    /// Returns at the next change; `false` when there will be none.
    pub(crate) async fn next(&mut self) -> bool {
        self.0.changed().await.is_ok()
    }
}

/// One thing that the process waits for.
#[derive(Clone, Debug)]
pub struct Gate {
    readiness: Readiness,
    key: (String, String),
}

impl Gate {
    /// Opens.
    pub fn ready(&self) {
        self.set(None);
    }

    /// Closes, or stays closed for another reason, which operators read: "needs schema 3, finds 2".
    pub fn not_ready(&self, why: impl Into<String>) {
        self.set(Some(why.into()));
    }

    fn set(&self, why: Option<String>) {
        self.readiness.0.send_if_modified(|state| {
            let changed = state.gates.get(&self.key) != Some(&why);
            state.gates.insert(self.key.clone(), why);
            changed
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_waits_for_its_own_gates_and_the_process() {
        let readiness = Readiness::new();
        let schema = readiness.gate("registry", "schema");
        assert!(
            !readiness.is_ready("registry") && readiness.is_ready("eligibility") && !readiness.unready().is_empty()
        );
        schema.not_ready("needs schema 3, finds 2");
        assert_eq!(
            readiness.unready(),
            [Unready { scope: "registry".into(), what: "schema".into(), why: "needs schema 3, finds 2".into() }]
        );
        schema.ready();
        assert!(readiness.is_ready("registry") && readiness.unready().is_empty());
        readiness.drain();
        assert!(!readiness.is_ready("registry") && !readiness.is_ready("eligibility"));
    }
}
