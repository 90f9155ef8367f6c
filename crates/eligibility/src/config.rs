//! The configuration of the eligibility service.
use cpor_process::config::ValidationErrors;
use serde::{Deserialize, Serialize};

/// The section `[eligibility]` of the configuration file. It has no settings: program guides are
/// data that a program manager uploads (R52).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {}

impl Config {
    /// Validates the section. It is always valid.
    pub fn validate(&self, _: &mut ValidationErrors) {}
}
