//! Claim-intake's own section of the configuration.
use cpor_kit::config::Faults;
use cpor_mail::MailConfig;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What can be configured of claim-intake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The directory in which documents are kept; `evidence` in the data directory when it is not given. Every replica
    /// must reach the same.
    pub evidence_directory: Option<PathBuf>,
    /// How mail to partners leaves (R57).
    pub mail: MailConfig,
    /// After how many seconds (real time) without a change a watch tells that it is still there; 1 to 60.
    pub watch_heartbeat_seconds: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self { evidence_directory: None, mail: MailConfig::default(), watch_heartbeat_seconds: 15 }
    }
}

impl Config {
    /// Names what is wrong, if anything is.
    pub fn validate(&self, faults: &mut Faults) {
        let empty = self.evidence_directory.as_ref().is_some_and(|directory| directory.as_os_str().is_empty());
        faults.require(!empty, "evidence_directory", "must not be empty");
        faults.within("mail", |faults| self.mail.validate(faults));
        let often = (1..=60).contains(&self.watch_heartbeat_seconds);
        faults.require(often, "watch_heartbeat_seconds", "must be between 1 and 60");
    }
}
