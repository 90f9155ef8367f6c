//! The claim-intake section of the configuration.
use cpor_call::directory_budget::DirectoryBudgetConfig;
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
    /// The directory that gets a file for each daily root, a signed hash of all histories (R56).
    /// The default is `roots` in the data directory. Keep copies in a place where those who can
    /// change the database cannot change them: `cpor verify --database` compares the database with
    /// the copies.
    pub roots_directory: Option<PathBuf>,
    /// The TOML file with the keys that encrypt the documents: `[[keys]]` with an `id`, and as
    /// `key` 32 random bytes in Base64. The first key encrypts, and all decrypt. The default is
    /// `keys.toml` in the evidence directory, which is created if it is missing. All replicas must
    /// use the same keys.
    pub evidence_keys_file: Option<PathBuf>,
    /// The ids of keys that are lost for good. Their documents can never be read again: reading one
    /// fails with DATA_LOSS. Without this setting, the service does not start if it has documents
    /// of a key that is not in the file.
    pub evidence_lost_keys: Vec<String>,
    /// The malware scanner clamd: `host:port`, or the path of a Unix socket. Each document is
    /// scanned before it is stored. While the scanner does not answer, no document is accepted. The
    /// setting `StreamMaxLength` of clamd must not be smaller than the maximum size of a document.
    pub clamd: Option<String>,
    /// The maximum number of bytes that the documents of one partner may take, including documents
    /// that were removed from drafts and documents that are being uploaded.
    pub evidence_quota_bytes: u64,
    /// The maximum number of documents of one partner, counted in the same way.
    pub evidence_quota_documents: u64,
    /// How often claims of a partner may name a domain that is not one of the tenant's, for each
    /// process. Such domains are counted before the answer, so nobody can find out by trial which
    /// domains a tenant has (R12a).
    pub wrong_domains: DirectoryBudgetConfig,
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
            evidence_keys_file: None,
            evidence_lost_keys: Vec::new(),
            clamd: None,
            evidence_quota_bytes: 50 << 30,
            evidence_quota_documents: 100_000,
            wrong_domains: DirectoryBudgetConfig::default(),
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
        errors.require_readable_file("evidence_keys_file", self.evidence_keys_file.as_ref());
        let are_ids = self.evidence_lost_keys.iter().all(|id| !id.is_empty());
        errors.require(are_ids, "evidence_lost_keys", "must not contain an empty id");
        let is_address = self.clamd.as_ref().is_none_or(|address| {
            address.starts_with('/') || address.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok())
        });
        errors.require(is_address, "clamd", "must be `host:port` or the path of a Unix socket");
        errors.require(self.evidence_quota_bytes > 0, "evidence_quota_bytes", "must be at least 1");
        errors.require(self.evidence_quota_documents > 0, "evidence_quota_documents", "must be at least 1");
        errors.in_section("wrong_domains", |errors| self.wrong_domains.validate(errors));
        errors.in_section("mail", |errors| self.mail.validate(errors));
        let is_in_range = (1..=60).contains(&self.watch_heartbeat_seconds);
        errors.require(is_in_range, "watch_heartbeat_seconds", "must be between 1 and 60");
    }
}
