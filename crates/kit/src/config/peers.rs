use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{
    Faults,
    fault::{http_url, readable},
};

/// Where the other services listen, `http://host:port` or `https://host:port`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PeersConfig {
    /// claim-intake.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim_intake: Option<String>,
    /// poe-review.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub poe_review: Option<String>,
    /// customer-consent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_consent: Option<String>,
    /// eligibility.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eligibility: Option<String>,
    /// registry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registry: Option<String>,
    /// PEM with the authorities that `https` peers' certificates are held against.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
}

impl PeersConfig {
    /// Every address is a URL, and `https` comes with a `ca_file`.
    pub fn validate(&self, faults: &mut Faults) {
        let peers = [
            ("claim_intake", &self.claim_intake),
            ("poe_review", &self.poe_review),
            ("customer_consent", &self.customer_consent),
            ("eligibility", &self.eligibility),
            ("registry", &self.registry),
        ];
        for (key, address) in peers {
            let Some(address) = address else { continue };
            http_url(faults, key, address);
            let trusted = !address.starts_with("https://") || self.ca_file.is_some();
            faults.require(trusted, key, "is https: set peers.ca_file too");
        }
        readable(faults, "ca_file", self.ca_file.as_ref());
    }
}
