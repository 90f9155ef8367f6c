//! The claim-intake section of the configuration.
use cpor_mail::MailConfig;
use cpor_process::config::ValidationErrors;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The settings of claim-intake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The directory in which documents are stored. The default is `evidence` in the data
    /// directory. All replicas must use the same directory.
    pub evidence_directory: Option<PathBuf>,
    /// The directory that gets a file for each daily root, a signed hash of all histories (R56). The
    /// default is `roots` in the data directory. Keep copies where nobody can change them who can
    /// change the database: `cpor verify --database` compares the database with them.
    pub roots_directory: Option<PathBuf>,
    /// The settings for sending mail to partners (R57).
    pub mail: MailConfig,
    /// The number of seconds (real time) without a change after which an open WatchClaims stream
    /// sends a heartbeat: 1 to 60.
    pub watch_heartbeat_seconds: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            evidence_directory: None,
            roots_directory: None,
            mail: MailConfig::default(),
            watch_heartbeat_seconds: 15,
        }
    }
}

impl Config {
    /// Checks the settings and adds each invalid one to `errors`.
    pub fn validate(&self, errors: &mut ValidationErrors) {
        for (key, directory) in
            [("evidence_directory", &self.evidence_directory), ("roots_directory", &self.roots_directory)]
        {
            let is_empty = directory.as_ref().is_some_and(|directory| directory.as_os_str().is_empty());
            errors.require(!is_empty, key, "must not be empty");
        }
        errors.in_section("mail", |errors| self.mail.validate(errors));
        let is_in_range = (1..=60).contains(&self.watch_heartbeat_seconds);
        errors.require(is_in_range, "watch_heartbeat_seconds", "must be between 1 and 60");
    }
}
