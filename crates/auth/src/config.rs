//! The `auth` section of the configuration.
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use cpor_process::config::ValidationErrors;

/// The keys with which tokens are verified, and the key that signs tokens for calls between
/// services.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuthConfig {
    /// The required `iss` of users' tokens.
    pub issuer: String,
    /// The JWKS file (RFC 7517) with the public keys of the issuer: EdDSA or ES256, each with a
    /// `kid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_file: Option<PathBuf>,
    /// The PKCS#8 PEM file with the Ed25519 key that signs this process's calls to other services.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_key_file: Option<PathBuf>,
    /// The JWKS file with the public keys of the services. Without it, all services share
    /// `service_key_file`. Tokens that are signed with any key in this file are accepted, so it
    /// must not contain retired keys; those belong into `receipt-jwks.json`, which contains the
    /// keys for verifying receipts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_jwks_file: Option<PathBuf>,
}

impl Default for AuthConfig {
    fn default() -> Self {
        Self { issuer: "cpor".to_owned(), jwks_file: None, service_key_file: None, service_jwks_file: None }
    }
}

impl AuthConfig {
    /// Checks that the named files can be opened and that the issuer is not the one that is
    /// reserved for the services.
    pub fn validate(&self, errors: &mut ValidationErrors) {
        errors.require(!self.issuer.is_empty(), "issuer", "must not be empty");
        let is_service_issuer = self.issuer == crate::SERVICE_ISSUER;
        errors.require(!is_service_issuer, "issuer", "must not be the reserved issuer of the services");
        errors.require_readable_file("jwks_file", self.jwks_file.as_ref());
        errors.require_readable_file("service_key_file", self.service_key_file.as_ref());
        errors.require_readable_file("service_jwks_file", self.service_jwks_file.as_ref());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_all_errors_at_once() {
        let keys = |config: &AuthConfig| {
            let mut errors = ValidationErrors::default();
            config.validate(&mut errors);
            errors.errors().iter().map(|error| error.key.clone()).collect::<Vec<_>>()
        };
        assert_eq!(keys(&AuthConfig::default()), Vec::<String>::new());
        let auth = AuthConfig {
            issuer: crate::SERVICE_ISSUER.to_owned(),
            jwks_file: Some("no/such.json".into()),
            ..AuthConfig::default()
        };
        assert_eq!(keys(&auth), ["issuer", "jwks_file"]);
    }
}
