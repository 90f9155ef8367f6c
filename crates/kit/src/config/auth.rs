use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Faults, fault::readable};

/// Whose tokens are believed, and the key that signs tokens between services.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuthConfig {
    /// The `iss` that users' tokens must carry.
    pub issuer: String,
    /// JWKS file (RFC 7517) with the issuer's public keys: EdDSA or ES256, each with a `kid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_file: Option<PathBuf>,
    /// PKCS#8 PEM file of the Ed25519 key that signs this process's calls to other services.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_key_file: Option<PathBuf>,
    /// JWKS file with the public keys of the services; absent: all share `service_key_file`. Their tokens are believed by it, so that it holds no key
    /// that is out of use, as `receipt-jwks.json` does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_jwks_file: Option<PathBuf>,
}

impl Default for AuthConfig {
    fn default() -> Self {
        Self { issuer: "cpor".to_owned(), jwks_file: None, service_key_file: None, service_jwks_file: None }
    }
}

impl AuthConfig {
    /// The named files are there and the issuer is not that of the services.
    pub fn validate(&self, faults: &mut Faults) {
        faults.require(!self.issuer.is_empty(), "issuer", "must not be empty");
        let own = self.issuer == crate::auth::SERVICE_ISSUER;
        faults.require(!own, "issuer", "is the one that services use among themselves");
        readable(faults, "jwks_file", self.jwks_file.as_ref());
        readable(faults, "service_key_file", self.service_key_file.as_ref());
        readable(faults, "service_jwks_file", self.service_jwks_file.as_ref());
    }
}
