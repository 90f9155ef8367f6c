//! This service's section of the configuration.
use cpor_kit::config::Faults;
use serde::{Deserialize, Serialize};

/// `[eligibility]`: nothing is configured here. Program guides are data, which a program manager uploads (R52).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {}

impl Config {
    /// There is nothing that could be wrong.
    pub fn validate(&self, _: &mut Faults) {}
}
