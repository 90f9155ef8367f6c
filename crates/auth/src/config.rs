//! The `auth` section of the configuration.
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{
    USER_AUDIENCE,
    users::{self, IssuerConfig},
};
use cpor_process::config::ValidationErrors;
use cpor_types::Service;

/// The part of `service_key_file` that is replaced by the name of the service.
const SERVICE_PLACEHOLDER: &str = "{service}";

/// The keys with which tokens are verified, and the keys that sign receipts and the tokens for
/// calls between services.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuthConfig {
    /// The required `iss` of the users' tokens that are verified with `jwks_file`. There is no
    /// default, so that nobody accepts the tokens of a development system by accident.
    pub issuer: String,
    /// The JWKS file (RFC 7517) with the public keys of `issuer`, each with a `kid` (key id). The
    /// file is read again when it changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_file: Option<PathBuf>,
    /// The PKCS#8 PEM file with the Ed25519 key that signs this service's calls to other services.
    /// If the path contains `{service}`, that is replaced by the name of the service, for example
    /// `claim-intake`; a process that hosts several services needs this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_key_file: Option<PathBuf>,
    /// The JWKS file with the public keys of the services. The `kid` of a key begins with the name
    /// of its service. Tokens that are signed with any key in this file are accepted, so a retired
    /// key must be removed from it. The file is read again when it has changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_jwks_file: Option<PathBuf>,
    /// The PKCS#8 PEM file with the Ed25519 key that signs receipts (proofs of the history of a
    /// claim). Only claim-intake needs it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt_key_file: Option<PathBuf>,
    /// Issuers of users' tokens, for example the identity provider of the vendor.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub issuers: Vec<IssuerConfig>,
}

impl AuthConfig {
    /// Returns the key file of a service: `service_key_file` with the name of the service in place
    /// of `{service}`.
    #[must_use]
    pub fn service_key_file_of(&self, service: Service) -> Option<PathBuf> {
        let file = self.service_key_file.as_ref()?;
        Some(file.to_string_lossy().replace(SERVICE_PLACEHOLDER, service.as_str()).into())
    }

    /// Returns true if each service has a key file of its own.
    #[must_use]
    pub fn has_key_file_per_service(&self) -> bool {
        self.service_key_file.as_ref().is_some_and(|file| file.to_string_lossy().contains(SERVICE_PLACEHOLDER))
    }

    /// Checks that the named files with public keys can be opened, that no issuer is the one that
    /// is reserved for the services, and that the issuers differ. The private keys are not checked,
    /// because the commands that only maintain the databases do not have them.
    pub fn validate(&self, errors: &mut ValidationErrors) {
        errors.require(
            self.jwks_file.is_none() || !self.issuer.is_empty(),
            "issuer",
            "must be set together with jwks_file; `cpor` is the issuer of keys that `cpor keys` created",
        );
        let is_service_issuer = self.issuer == crate::SERVICE_ISSUER;
        errors.require(!is_service_issuer, "issuer", "must not be the reserved issuer of the services");
        errors.require_readable_file("jwks_file", self.jwks_file.as_ref());
        errors.require_readable_file("service_jwks_file", self.service_jwks_file.as_ref());
        let jwks_file_issuer = self.jwks_file.is_some().then(|| self.jwks_file_issuer());
        users::validate(&self.issuers, jwks_file_issuer.as_ref(), errors);
    }

    /// Returns true if an issuer of users' tokens is configured.
    #[must_use]
    pub fn has_issuer(&self) -> bool {
        self.jwks_file.is_some() || !self.issuers.is_empty()
    }

    /// Returns all issuers of users' tokens.
    pub(crate) fn user_issuers(&self) -> Vec<IssuerConfig> {
        let jwks_file_issuer = self.jwks_file.is_some().then(|| self.jwks_file_issuer());
        jwks_file_issuer.into_iter().chain(self.issuers.iter().cloned()).collect()
    }

    /// Returns the issuer that `issuer` and `jwks_file` configure.
    pub(crate) fn jwks_file_issuer(&self) -> IssuerConfig {
        IssuerConfig {
            url: self.issuer.clone(),
            audiences: vec![USER_AUDIENCE.to_owned()],
            jwks_file: self.jwks_file.clone(),
            ..IssuerConfig::default()
        }
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
        let file = tempfile::NamedTempFile::new().unwrap();
        let unnamed = AuthConfig { jwks_file: Some(file.path().to_owned()), ..AuthConfig::default() };
        assert_eq!(keys(&unnamed), ["issuer"], "the issuer has no default");
    }

    #[test]
    fn issuers_differ_and_have_an_audience() {
        let issuer = |name: &str, url: &str| IssuerConfig {
            name: Some(name.to_owned()),
            url: url.to_owned(),
            audiences: vec!["api://cpor".to_owned()],
            ..IssuerConfig::default()
        };
        let problems = |issuers: Vec<IssuerConfig>| {
            let mut errors = ValidationErrors::default();
            AuthConfig { issuers, ..AuthConfig::default() }.validate(&mut errors);
            errors.errors().iter().map(|error| error.key.clone()).collect::<Vec<_>>()
        };
        let (corp, shop) = (issuer("corp", "https://corp.example"), issuer("shop", "https://shop.example"));
        assert_eq!(problems(vec![corp.clone(), shop.clone()]), [""; 0]);
        assert_eq!(problems(vec![corp.clone(), corp.clone()]), ["issuers.1.name", "issuers.1.url"]);
        let unnamed = |url: &str| IssuerConfig { name: None, ..issuer("", url) };
        assert_eq!(problems(vec![unnamed("https://a.example"), unnamed("https://b.example")]), ["issuers.1.name"]);
        assert_eq!(problems(vec![issuer("services", "http://corp.example")]), ["issuers.0.name", "issuers.0.url"]);
        let invalid = IssuerConfig {
            audiences: vec![String::new()],
            jwks_url: Some("http://keys.example".to_owned()),
            algorithms: vec![jsonwebtoken::Algorithm::HS256],
            refresh_seconds: 1,
            max_key_age_seconds: 1,
            ..corp
        };
        let expected = ["audiences", "jwks_url", "algorithms", "refresh_seconds", "max_key_age_seconds"];
        assert_eq!(problems(vec![invalid]), expected.map(|key| format!("issuers.0.{key}")));
    }
}
