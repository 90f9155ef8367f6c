//! The `peers` section of the configuration.
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::tls::{validate_authorities, validate_identity};
use cpor_process::config::ValidationErrors;

/// The addresses of the other services, as `http://host:port` or `https://host:port`. A host can
/// stand for several replicas, and several addresses can be given, separated by commas.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PeersConfig {
    /// The address of the service claim-intake, which stores the claims.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim_intake: Option<String>,
    /// The address of the service poe-review, which stores the review cases.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub poe_review: Option<String>,
    /// The address of the service customer-consent, which asks customers for their consent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_consent: Option<String>,
    /// The address of the service eligibility, which calculates what partners are paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eligibility: Option<String>,
    /// The address of the service registry, which stores the data about partners and customers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registry: Option<String>,
    /// The PEM file with the certificate authorities by which the certificates of `https` peers are
    /// verified. Needed if an address is `https`, or `certificate_file` is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// The PEM file with the client certificate that this process presents to `https` peers,
    /// followed by its chain. Needed if their `tls.client_ca_file` is set. All addresses must then
    /// be `https`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_file: Option<PathBuf>,
    /// The PEM file with the private key of the client certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_file: Option<PathBuf>,
}

impl PeersConfig {
    /// Checks that every address is a URL, that `ca_file` is set if an address is `https`, that a
    /// client certificate can be presented to all peers, and that the files can be used.
    pub fn validate(&self, errors: &mut ValidationErrors) {
        for (key, address) in self.addresses() {
            for url in address.into_iter().flat_map(|address| address.split(',')).map(str::trim) {
                errors.require_http_url(key, url);
                let has_authorities = !url.starts_with("https://") || self.ca_file.is_some();
                errors.require(has_authorities, key, "an https address requires peers.ca_file");
                // Without TLS the certificate would not be presented.
                let can_present = !url.starts_with("http://") || self.certificate_file.is_none();
                errors.require(can_present, key, "must be an https address, because peers.certificate_file is set");
            }
        }
        let can_verify = self.certificate_file.is_none() || self.ca_file.is_some();
        errors.require(can_verify, "ca_file", "must be set if peers.certificate_file is set");
        validate_authorities(errors, "ca_file", self.ca_file.as_deref());
        validate_identity(errors, "peers", self.certificate_file.as_deref(), self.key_file.as_deref());
    }

    /// Returns true if the address of a peer is set, so that the process can call it.
    #[must_use]
    pub fn has_addresses(&self) -> bool {
        self.addresses().iter().any(|(_, address)| address.is_some())
    }

    /// Returns the key and the address of each peer.
    fn addresses(&self) -> [(&'static str, Option<&str>); 5] {
        [
            ("claim_intake", self.claim_intake.as_deref()),
            ("poe_review", self.poe_review.as_deref()),
            ("customer_consent", self.customer_consent.as_deref()),
            ("eligibility", self.eligibility.as_deref()),
            ("registry", self.registry.as_deref()),
        ]
    }
}
