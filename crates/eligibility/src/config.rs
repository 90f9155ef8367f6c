//! The configuration of the eligibility service.
use cpor_process::config::ValidationErrors;
use serde::{Deserialize, Serialize};

/// The section `[eligibility]` of the configuration file. Program guides are no settings: they are
/// data that a program manager uploads (R52).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The number of seconds (real time) without a change after which an open WatchEarnings stream
    /// sends a heartbeat: 1 to 60.
    pub watch_heartbeat_seconds: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self { watch_heartbeat_seconds: 15 }
    }
}

impl Config {
    /// Checks the settings and adds each invalid one to `errors`.
    pub fn validate(&self, errors: &mut ValidationErrors) {
        let is_in_range = (1..=60).contains(&self.watch_heartbeat_seconds);
        errors.require(is_in_range, "watch_heartbeat_seconds", "must be between 1 and 60");
    }
}
