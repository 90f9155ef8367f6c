//! The readiness of a process and of the services that it hosts.
use std::{collections::BTreeMap, sync::Arc};

use tokio::sync::watch;

/// The readiness of the process. The process is ready for requests when all checks pass and it is
/// not draining (finishing its last requests). Clones share the state.
#[derive(Clone, Debug)]
pub struct Readiness(Arc<watch::Sender<State>>);

/// The state that the clones of a [`Readiness`] share.
#[derive(Clone, Debug, Default)]
struct State {
    is_draining: bool,
    /// The checks by scope and name: `None` if the check passes, otherwise the reason why it fails.
    checks: BTreeMap<(String, String), Option<String>>,
}

/// A check that fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedCheck {
    /// The service that the check belongs to; empty for the whole process.
    pub scope: String,
    /// The name of the check, for example `schema`.
    pub name: String,
    /// The reason why the check fails, for operators.
    pub reason: String,
}

impl Default for Readiness {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(State::default())))
    }
}

impl Readiness {
    /// Creates a readiness without checks, which is ready.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a check, which fails with the reason `starting` until its result is set. `scope` is the
    /// name of a service, or empty for the whole process.
    #[must_use]
    pub fn add_check(&self, scope: &str, name: &str) -> ReadinessCheck {
        let check = ReadinessCheck { readiness: self.clone(), key: (scope.to_owned(), name.to_owned()) };
        check.set_not_ready("starting");
        check
    }

    /// Marks the process as draining. It is not ready from then on, so that it gets no new
    /// requests.
    pub fn drain(&self) {
        self.0.send_modify(|state| state.is_draining = true);
    }

    /// Returns all failed checks. The process is ready if there are none.
    #[must_use]
    pub fn failed_checks(&self) -> Vec<FailedCheck> {
        self.0.borrow().failed_checks()
    }

    /// Returns true if the service `scope` is ready: its own checks and those of the whole process
    /// pass.
    #[must_use]
    pub fn is_ready(&self, scope: &str) -> bool {
        self.failed_checks().iter().all(|check| !check.scope.is_empty() && check.scope != scope)
    }

    /// Subscribes to changes of the readiness.
    pub fn changes(&self) -> Changes {
        Changes(self.0.subscribe())
    }
}

impl State {
    fn failed_checks(&self) -> Vec<FailedCheck> {
        let draining = self.is_draining.then(|| FailedCheck {
            scope: String::new(),
            name: "process".to_owned(),
            reason: "draining".to_owned(),
        });
        let failed = self.checks.iter().filter_map(|((scope, name), reason)| {
            Some(FailedCheck { scope: scope.clone(), name: name.clone(), reason: reason.clone()? })
        });
        draining.into_iter().chain(failed).collect()
    }
}

/// A subscription to changes of the readiness.
pub struct Changes(watch::Receiver<State>);

impl Changes {
    /// Waits for the next change. Returns `false` if there will be no more changes.
    pub async fn next(&mut self) -> bool {
        self.0.changed().await.is_ok()
    }
}

/// A condition that must hold before the process, or one of its services, is ready.
#[derive(Clone, Debug)]
pub struct ReadinessCheck {
    readiness: Readiness,
    /// The scope and the name of the check.
    key: (String, String),
}

impl ReadinessCheck {
    /// Marks the check as passed.
    pub fn set_ready(&self) {
        self.set(None);
    }

    /// Marks the check as failed, with a reason for operators, for example `needs schema 3, finds
    /// 2`.
    pub fn set_not_ready(&self, reason: impl Into<String>) {
        self.set(Some(reason.into()));
    }

    fn set(&self, reason: Option<String>) {
        self.readiness.0.send_if_modified(|state| {
            let is_changed = state.checks.get(&self.key) != Some(&reason);
            state.checks.insert(self.key.clone(), reason);
            is_changed
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_needs_its_own_checks_and_the_process() {
        let readiness = Readiness::new();
        let schema_check = readiness.add_check("registry", "schema");
        assert!(!readiness.is_ready("registry") && readiness.is_ready("eligibility"));
        assert!(!readiness.failed_checks().is_empty());
        schema_check.set_not_ready("needs schema 3, finds 2");
        assert_eq!(
            readiness.failed_checks(),
            [FailedCheck { scope: "registry".into(), name: "schema".into(), reason: "needs schema 3, finds 2".into() }]
        );
        schema_check.set_ready();
        assert!(readiness.is_ready("registry") && readiness.failed_checks().is_empty());
        readiness.drain();
        assert!(!readiness.is_ready("registry") && !readiness.is_ready("eligibility"));
    }
}
