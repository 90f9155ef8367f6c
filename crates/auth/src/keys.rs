//! Verification of bearer tokens.
use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use cpor_process::{Metrics, lifecycle::Tasks};
use cpor_types::{Entropy, Service};
use jsonwebtoken::{Validation, decode, decode_header, errors::ErrorKind, get_current_timestamp};

use super::{
    Caller, KeyError, SERVICE_ISSUER, TokenSigner, claims::Claims, jwks::KeySet, receipt::RECEIPT_TYPE,
    users::UserIssuers,
};
use crate::{AuthConfig, IssuerConfig, IssuerError};

/// The tolerated difference between the clocks of issuer and server, in seconds.
const LEEWAY: u64 = 10;
/// The maximum number of verified tokens of services in the cache.
const MAX_CACHED_TOKENS: usize = 10_000;
/// The maximum length of a token. Longer tokens are refused without being parsed.
const MAX_TOKEN_BYTES: usize = 8 << 10;

/// The public keys with which tokens are verified: those of the users' issuers and those of the
/// services. The users' issuers cannot create tokens of services, and the services cannot create
/// tokens of users.
#[derive(Debug)]
pub struct VerificationKeys {
    users: UserIssuers,
    services: TrustedIssuer,
    /// The verified tokens of services by their encoded text.
    cache: RwLock<HashMap<String, Arc<VerifiedToken>>>,
}

/// An issuer of tokens with its public keys.
#[derive(Debug)]
struct TrustedIssuer {
    /// The required `iss` claim of its tokens.
    issuer: String,
    keys: KeySet,
}

/// A token whose signature and claims were verified.
#[derive(Debug)]
struct VerifiedToken {
    caller: Arc<Caller>,
    audience: Vec<String>,
    /// The expiry time in seconds since 1970.
    expiry: u64,
}

/// The reason why a token is refused. The failed check is logged and not revealed to the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// The token has expired. The caller should obtain a new one.
    Expired,
    /// The keys of the issuer that the token names are not available.
    IssuerUnavailable,
    /// The token is invalid for any other reason.
    Invalid,
}

impl VerificationKeys {
    /// Creates the keys from two JWKS texts (RFC 7517). `issuer` is the required `iss` claim of
    /// users' tokens.
    ///
    /// # Errors
    /// Returns an error if a text is not a JWKS or has no usable key.
    pub fn new(issuer: &str, users_jwks: &str, services_jwks: &str) -> Result<Self, KeyError> {
        let config = AuthConfig { issuer: issuer.to_owned(), ..AuthConfig::default() };
        let users = UserIssuers::with_fixed_keys(&config.simple_issuer(), users_jwks)?;
        Ok(Self::with_services(users, KeySet::parse(services_jwks)?))
    }

    /// Reads the keys from the configured files. Keys that must be fetched are loaded in the
    /// background, once [`Self::keep_fresh`] was called. Without a JWKS of the services, the public
    /// half of the service key is used, which all services then share.
    ///
    /// # Errors
    /// Returns an error if a file is missing or has no usable key.
    pub fn load(config: &AuthConfig) -> Result<Self, KeyError> {
        let issuers = config.user_issuers();
        if issuers.is_empty() {
            return Err(KeyError::NotSet("issuers"));
        }
        let users = UserIssuers::new(&issuers)?;
        let services = match (&config.service_jwks_file, &config.service_key_file) {
            (Some(jwks), _) => KeySet::read(jwks)?,
            (None, Some(key)) => KeySet::parse(&TokenSigner::public_jwks_of(key)?)?,
            (None, None) => return Err(KeyError::NotSet("service_key_file")),
        };
        Ok(Self::with_services(users, services))
    }

    fn with_services(users: UserIssuers, services: KeySet) -> Self {
        let services = TrustedIssuer { issuer: SERVICE_ISSUER.to_owned(), keys: services };
        Self { users, services, cache: RwLock::default() }
    }

    /// Trusts further issuers of users' tokens.
    ///
    /// # Errors
    /// Returns an error if the keys in a file or the certificate authorities cannot be used.
    pub fn with_issuers(mut self, issuers: &[IssuerConfig]) -> Result<Self, IssuerError> {
        self.users.add(issuers)?;
        Ok(self)
    }

    /// Keeps the keys of the users' issuers fresh until the process drains.
    pub fn keep_fresh(&self, tasks: &Tasks, metrics: &Metrics, entropy: &Arc<dyn Entropy>) {
        self.users.keep_fresh(tasks, metrics, entropy);
    }

    /// Waits until the key of a refused token is there, if its issuer may have published it since
    /// the last fetch. Returns true if the token should be verified again. At most one fetch a
    /// minute and issuer is caused in this way.
    pub async fn wait_for_key(&self, token: &str) -> bool {
        self.users.wait_for_key(token).await
    }

    /// Verifies a token and returns its caller. The audience of a service's token must be one of
    /// `audiences`; the audience of a user's token must be one of those of its issuer.
    ///
    /// # Errors
    /// Returns an error if the signature, algorithm, key, issuer, audience, validity period or
    /// private claims are invalid.
    pub fn verify(&self, token: &str, audiences: &[Service]) -> Result<Arc<Caller>, TokenError> {
        if let Some(user) = self.users.cached(token) {
            return user;
        }
        let verified = match self.cached(token) {
            Some(verified) => verified,
            None if !is_of_service(token) => return self.users.verify(token),
            None => self.cache(token, self.verify_uncached(token)?),
        };
        if verified.expiry + LEEWAY < get_current_timestamp() {
            return Err(TokenError::Expired);
        }
        let is_in_audience = |service: &Service| verified.audience.iter().any(|name| name == service.as_str());
        if !audiences.iter().any(is_in_audience) {
            tracing::debug!(audience = ?verified.audience, "token refused: its audience is another service");
            return Err(TokenError::Invalid);
        }
        Ok(verified.caller.clone())
    }

    /// Verifies the signature and the claims of a service's token, except its audience.
    fn verify_uncached(&self, token: &str) -> Result<VerifiedToken, TokenError> {
        let claims = self.services.decode(token)?;
        let caller = claims.to_service().map_err(|reason| {
            tracing::debug!(reason, "token refused: its signature is valid, its claims are not");
            TokenError::Invalid
        })?;
        let audience = claims.aud.names().to_vec();
        Ok(VerifiedToken { caller: Arc::new(caller), audience, expiry: claims.exp })
    }

    /// Returns the verified token from the cache.
    fn cached(&self, token: &str) -> Option<Arc<VerifiedToken>> {
        self.cache.read().unwrap_or_else(PoisonError::into_inner).get(token).cloned()
    }

    fn cache(&self, token: &str, verified: VerifiedToken) -> Arc<VerifiedToken> {
        let verified = Arc::new(verified);
        let mut cache = self.cache.write().unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= MAX_CACHED_TOKENS {
            cache.clear();
        }
        cache.insert(token.to_owned(), verified.clone());
        verified
    }
}

impl TrustedIssuer {
    /// Verifies that this issuer signed the token, and returns its claims. A token whose
    /// header declares another algorithm than that of the key is refused. The audience is not
    /// checked here, because the expected audience of a service's token depends on the method.
    fn decode(&self, token: &str) -> Result<Claims, TokenError> {
        let header = decode_header(token).map_err(token_error)?;
        if header.typ.as_deref() == Some(RECEIPT_TYPE) {
            return Err(TokenError::Invalid);
        }
        let (algorithm, key) = header.kid.and_then(|kid| self.keys.get(&kid)).ok_or(TokenError::Invalid)?;
        let mut validation = Validation::new(*algorithm);
        validation.leeway = LEEWAY;
        validation.validate_nbf = true;
        validation.set_required_spec_claims(&["exp", "iss", "sub", "aud"]);
        validation.set_issuer(&[&self.issuer]);
        validation.validate_aud = false;
        decode(token, key, &validation).map(|data| data.claims).map_err(token_error)
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
fn token_error(error: jsonwebtoken::errors::Error) -> TokenError {
    tracing::debug!(%error, "token refused");
    if matches!(error.kind(), ErrorKind::ExpiredSignature) { TokenError::Expired } else { TokenError::Invalid }
}
