//! Signs tokens of users with an Ed25519 key.
use std::{path::Path, sync::Arc, time::Duration};

use cpor_types::{Clock, PartnerId, Role, TenantId};

use super::{
    USER_AUDIENCE,
    claims::{Audience, Claims},
    signing_key::{SignerError, SigningKey},
};

/// The content of a user's token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserToken {
    /// The id of the user, for example an e-mail address.
    pub subject: String,
    /// The roles of the user: at least one, all of the same side.
    pub roles: Vec<Role>,
    /// The partner, required for partner roles.
    pub partner: Option<PartnerId>,
    /// The tenant, required for the role of a customer's administrator.
    pub tenant: Option<TenantId>,
    /// The time from now until the token expires.
    pub lifetime: Duration,
}

/// Signs the tokens of users, for `cpor dev` and `cpor token`. Clones share the key.
#[derive(Clone)]
pub struct TokenSigner(Arc<Inner>);

/// The key that the clones of a signer share.
struct Inner {
    key: SigningKey,
    /// The `iss` of users' tokens.
    issuer: String,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for TokenSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenSigner").field("kid", &self.0.key.kid()).finish_non_exhaustive()
    }
}

impl TokenSigner {
    /// Generates a new key. `issuer` is the `iss` claim of the tokens; `clock` must show real time.
    ///
    /// # Errors
    /// Returns an error if the system has no source of randomness.
    pub fn generate(issuer: &str, clock: Arc<dyn Clock>) -> Result<Self, SignerError> {
        Ok(Self::new(SigningKey::generate("")?, issuer, clock))
    }

    /// Reads the key from a PKCS#8 PEM file. `issuer` is the `iss` claim of the tokens; `clock`
    /// must show real time.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read or does not contain an Ed25519 key.
    pub fn from_file(path: &Path, issuer: &str, clock: Arc<dyn Clock>) -> Result<Self, SignerError> {
        Ok(Self::new(SigningKey::read(path, "")?, issuer, clock))
    }

    fn new(key: SigningKey, issuer: &str, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Inner { key, issuer: issuer.to_owned(), clock }))
    }

    /// Writes the key to a new PKCS#8 PEM file that only its owner can read.
    ///
    /// # Errors
    /// Returns an error if the file already exists or cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), SignerError> {
        self.0.key.save(path)
    }

    /// Returns the public half of the key as a JWKS (RFC 7517, RFC 8037).
    #[must_use]
    pub fn jwks(&self) -> String {
        self.0.key.jwks()
    }

    /// Returns a token for a user.
    ///
    /// # Errors
    /// Returns an error if signing fails.
    pub fn user_token(&self, user: &UserToken) -> Result<String, SignerError> {
        let now = u64::try_from(self.0.clock.now().timestamp()).unwrap_or_default();
        let claims = Claims {
            iss: self.0.issuer.clone(),
            sub: user.subject.clone(),
            aud: Audience::One(USER_AUDIENCE.to_owned()),
            exp: now.saturating_add(user.lifetime.as_secs()),
            iat: now,
            roles: user.roles.iter().map(ToString::to_string).collect(),
            partner: user.partner.as_ref().map(ToString::to_string),
            tenant: user.tenant.as_ref().map(ToString::to_string),
            act: None,
        };
        self.0.key.sign("JWT", &claims)
    }

    /// Signs arbitrary claims, for tests with forged tokens.
    #[cfg(test)]
    pub(super) fn sign_json(&self, claims: &serde_json::Value) -> String {
        self.0.key.sign("JWT", claims).unwrap()
    }
}
