//! Signs the tokens with which a service calls other services. Each service has a key of its own.
use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use cpor_types::{Actor, Clock, Service};

use super::{
    SERVICE_ISSUER,
    claims::{Audience, Claims, service_subject},
    signing_key::{SignerError, SigningKey, join_jwks},
    watched_key::WatchedKey,
};

/// The lifetime of a service's token.
const SERVICE_TOKEN_SECONDS: u64 = 300;
/// A cached token is replaced when its remaining lifetime falls below this number of seconds.
const RENEW_SECONDS: u64 = 120;
/// The maximum number of cached service tokens.
const MAX_CACHED_TOKENS: usize = 10_000;

/// Signs the tokens of one service. Clones share the key and the token cache.
#[derive(Clone)]
pub struct ServiceSigner(Arc<Inner>);

/// The key of the token cache: the called service, and the actor on whose behalf the call is made
/// (empty if there is none).
type TokenKey = (Service, String);

/// The key and the token cache that the clones of a signer share.
struct Inner {
    service: Service,
    key: WatchedKey,
    clock: Arc<dyn Clock>,
    /// Cached tokens, each with its expiry time in seconds since 1970.
    tokens: Mutex<HashMap<TokenKey, (String, u64)>>,
}

impl std::fmt::Debug for ServiceSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServiceSigner").field("kid", &self.key().kid()).finish_non_exhaustive()
    }
}

impl ServiceSigner {
    /// Generates a new key for `service`. `clock` must show real time.
    ///
    /// # Errors
    /// Returns an error if the system has no source of randomness.
    pub fn generate(service: Service, clock: Arc<dyn Clock>) -> Result<Self, SignerError> {
        Ok(Self::new(service, WatchedKey::generate(service.as_str())?, clock))
    }

    /// Reads the key of `service` from a PKCS#8 PEM file, and again when the file has changed.
    /// `clock` must show real time.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read or does not contain an Ed25519 key.
    pub fn from_file(service: Service, path: &Path, clock: Arc<dyn Clock>) -> Result<Self, SignerError> {
        Ok(Self::new(service, WatchedKey::open(path, service.as_str())?, clock))
    }

    fn new(service: Service, key: WatchedKey, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Inner { service, key, clock, tokens: Mutex::default() }))
    }

    /// Writes the key to a new PKCS#8 PEM file that only its owner can read.
    ///
    /// # Errors
    /// Returns an error if the file already exists or cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), SignerError> {
        self.key().save(path)
    }

    /// Returns the public half of the key as a JWKS (RFC 7517, RFC 8037). The `kid` begins with the
    /// name of the service.
    #[must_use]
    pub fn jwks(&self) -> String {
        self.key().jwks()
    }

    /// Returns the id of the key.
    #[must_use]
    pub fn kid(&self) -> String {
        self.key().kid().to_owned()
    }

    /// Returns the service whose tokens this signer signs.
    #[must_use]
    pub fn service(&self) -> Service {
        self.0.service
    }

    /// Returns a token with which the service calls the service `to`, on behalf of `actor` or, if
    /// that is `None`, of itself. The token is valid for 5 minutes and cached.
    ///
    /// # Errors
    /// Returns an error if signing fails.
    pub fn token(&self, to: Service, actor: Option<&Actor>) -> Result<String, SignerError> {
        let act = actor.map(Actor::to_text);
        let key = (to, act.clone().unwrap_or_default());
        let now = u64::try_from(self.0.clock.now().timestamp()).unwrap_or_default();
        let mut cache = self.0.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        // No token of the earlier key is used any more.
        if self.0.key.reread() {
            cache.clear();
        }
        if let Some((token, expiry)) = cache.get(&key)
            && *expiry > now + RENEW_SECONDS
        {
            return Ok(token.clone());
        }
        let expiry = now + SERVICE_TOKEN_SECONDS;
        let claims = Claims {
            iss: SERVICE_ISSUER.to_owned(),
            sub: service_subject(self.0.service),
            aud: Audience::One(to.to_string()),
            exp: expiry,
            iat: now,
            roles: Vec::new(),
            partner: None,
            tenant: None,
            act,
        };
        let token = self.key().sign("JWT", &claims)?;
        if cache.len() >= MAX_CACHED_TOKENS {
            cache.clear();
        }
        cache.insert(key, (token.clone(), expiry));
        Ok(token)
    }

    fn key(&self) -> Arc<SigningKey> {
        self.0.key.current()
    }

    /// Signs arbitrary claims, for tests with forged tokens.
    #[cfg(test)]
    pub(super) fn sign_json(&self, claims: &serde_json::Value) -> String {
        self.key().sign("JWT", claims).unwrap()
    }
}

/// The signers of several services. A process has those of the services that it hosts.
#[derive(Clone, Debug, Default)]
pub struct ServiceSigners(HashMap<Service, ServiceSigner>);

impl ServiceSigners {
    /// Generates a new key for each service. `clock` must show real time.
    ///
    /// # Errors
    /// Returns an error if the system has no source of randomness.
    pub fn generate(clock: &Arc<dyn Clock>) -> Result<Self, SignerError> {
        Service::ALL.iter().map(|service| ServiceSigner::generate(*service, Arc::clone(clock))).collect()
    }

    /// Returns the signer of a service, or `None` if the process does not host the service.
    #[must_use]
    pub fn get(&self, service: Service) -> Option<&ServiceSigner> {
        self.0.get(&service)
    }

    /// Returns the signers of `services`. Services without a signer are left out.
    #[must_use]
    pub fn only(&self, services: &[Service]) -> Self {
        services.iter().filter_map(|service| self.get(*service)).cloned().collect()
    }

    /// Returns the signers, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = &ServiceSigner> {
        self.0.values()
    }

    /// Returns the public halves of the keys as a JWKS.
    #[must_use]
    pub fn jwks(&self) -> String {
        let sets: Vec<_> = self.iter().map(ServiceSigner::jwks).collect();
        join_jwks(sets.iter().map(String::as_str))
    }
}

impl FromIterator<ServiceSigner> for ServiceSigners {
    fn from_iter<I: IntoIterator<Item = ServiceSigner>>(signers: I) -> Self {
        Self(signers.into_iter().map(|signer| (signer.service(), signer)).collect())
    }
}
