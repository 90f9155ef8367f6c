//! Verification of bearer tokens.
use std::sync::Arc;

use cpor_process::{Metrics, lifecycle::Tasks};
use cpor_types::{Entropy, Service};
use jsonwebtoken::errors::ErrorKind;

use super::{Caller, KeyError, SERVICE_ISSUER, ServiceSigner, service_keys::ServiceKeys, users::UserIssuers};
use crate::{AuthConfig, IssuerConfig, IssuerError};

/// The maximum length of a token. Longer tokens are refused without being parsed.
const MAX_TOKEN_BYTES: usize = 8 << 10;

/// The public keys with which tokens are verified: those of the users' issuers and those of the
/// services. The users' issuers cannot create tokens of services, and the services cannot create
/// tokens of users.
#[derive(Debug)]
pub struct VerificationKeys {
    users: UserIssuers,
    services: ServiceKeys,
}

/// The reason why a token is refused. The failed check is logged and not revealed to the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// The token has expired. The caller should obtain a new one.
    Expired,
    /// The keys of the issuer that the token names are not available.
    IssuerUnavailable,
    /// The issuer that the token names has no key with the token's `kid` (key id).
    UnknownKey,
    /// The token is invalid for any other reason.
    Invalid,
}

impl VerificationKeys {
    /// Creates the keys from two JWKS texts (RFC 7517). `issuer` is the required `iss` claim of
    /// users' tokens. The `kid` of each key of the services begins with the name of its service.
    ///
    /// # Errors
    /// Returns an error if a text is not a JWKS or has no usable key, or if a key of the services
    /// does not name its service.
    pub fn new(issuer: &str, users_jwks: &str, services_jwks: &str) -> Result<Self, KeyError> {
        let config = AuthConfig { issuer: issuer.to_owned(), ..AuthConfig::default() };
        let users = UserIssuers::with_fixed_keys(&config.jwks_file_issuer(), users_jwks)?;
        Ok(Self { users, services: ServiceKeys::parse(services_jwks)? })
    }

    /// Reads the keys from the configured files. Users' keys that must be fetched are loaded in the
    /// background, once [`Self::keep_fresh`] was called. The public keys of the services are read
    /// again when their file has changed.
    ///
    /// # Errors
    /// Returns an error if a file is missing or has no usable key.
    pub fn load(config: &AuthConfig) -> Result<Self, KeyError> {
        let issuers = config.user_issuers();
        if issuers.is_empty() {
            return Err(KeyError::NotSet("issuers"));
        }
        let users = UserIssuers::new(&issuers)?;
        let services = config.service_jwks_file.as_ref().ok_or(KeyError::NotSet("service_jwks_file"))?;
        Ok(Self { users, services: ServiceKeys::open(services)? })
    }

    /// Trusts further issuers of users' tokens.
    ///
    /// # Errors
    /// Returns an error if the keys in a file or the certificate authorities cannot be used.
    pub fn with_issuers(mut self, issuers: &[IssuerConfig]) -> Result<Self, IssuerError> {
        self.users.add(issuers)?;
        Ok(self)
    }

    /// Returns true if the tokens of this signer are accepted.
    #[must_use]
    pub fn trusts(&self, signer: &ServiceSigner) -> bool {
        self.services.contains(&signer.kid())
    }

    /// Keeps the keys of the users' issuers fresh until the process shuts down.
    pub fn keep_fresh(&self, tasks: &Tasks, metrics: &Metrics, entropy: &Arc<dyn Entropy>) {
        self.users.keep_fresh(tasks, metrics, entropy);
    }

    /// Verifies a token and returns its caller. The audience of a service's token must be one of
    /// `audiences`; the audience of a user's token must be one of those of its issuer. If the issuer
    /// of a user's token does not have the token's key, this waits for a fetch of its keys. It causes
    /// at most one fetch a minute for each issuer.
    ///
    /// # Errors
    /// Returns an error if the signature, algorithm, key, issuer, audience, validity period or
    /// private claims are invalid.
    pub async fn verify(&self, token: &str, audiences: &[Service]) -> Result<Arc<Caller>, TokenError> {
        match self.verify_with_loaded_keys(token, audiences) {
            Err(TokenError::UnknownKey | TokenError::IssuerUnavailable) => {
                self.users.wait_for_key(token).await?;
                self.verify_with_loaded_keys(token, audiences)
            }
            outcome => outcome,
        }
    }

    /// Verifies a token like [`Self::verify`], and waits for nothing.
    ///
    /// # Errors
    /// Returns the same errors.
    pub fn verify_with_loaded_keys(&self, token: &str, audiences: &[Service]) -> Result<Arc<Caller>, TokenError> {
        if let Some(user) = self.users.cached(token) {
            return user;
        }
        if let Some(service) = self.services.cached(token, audiences) {
            return service;
        }
        if is_of_service(token) { self.services.verify(token, audiences) } else { self.users.verify(token) }
    }
}

/// Returns true if a token names the issuer of the services. The claim only selects the keys; it is
/// checked again with the signature.
fn is_of_service(token: &str) -> bool {
    #[derive(serde::Deserialize)]
    struct Issuer {
        iss: String,
    }
    token.len() <= MAX_TOKEN_BYTES
        && jsonwebtoken::dangerous::insecure_decode_claims::<Issuer>(token)
            .is_ok_and(|claims| claims.iss == SERVICE_ISSUER)
}

/// Logs why a token is refused and converts the error.
pub(super) fn token_error(error: jsonwebtoken::errors::Error) -> TokenError {
    tracing::debug!(%error, "token refused");
    if matches!(error.kind(), ErrorKind::ExpiredSignature) { TokenError::Expired } else { TokenError::Invalid }
}
