//! Claim-intake's own section of the configuration.
use cpor_kit::config::Faults;
use cpor_mail::MailConfig;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What can be configured of claim-intake.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The directory in which documents are kept; `evidence` in the data directory when it is not given. Every replica
    /// must reach the same.
    pub evidence_directory: Option<PathBuf>,
    /// How mail to partners leaves (R57).
    pub mail: MailConfig,
}

impl Config {
    /// Names what is wrong, if anything is.
    pub fn validate(&self, faults: &mut Faults) {
        let empty = self.evidence_directory.as_ref().is_some_and(|directory| directory.as_os_str().is_empty());
        faults.require(!empty, "evidence_directory", "must not be empty");
        faults.within("mail", |faults| self.mail.validate(faults));
    }
}
