//! Verification of the tokens with which services call each other. Each public key belongs to one
//! service, which the first part of its `kid` (key id) names: `customer-consent/` and a hash. A
//! token is accepted as a token of that service only, whatever its claims say.
use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use cpor_process::WatchedFile;
use cpor_types::Service;
use jsonwebtoken::{Validation, decode, decode_header, get_current_timestamp};

use super::{
    Caller, KeyError, SERVICE_ISSUER, TokenError,
    claims::{Claims, service_subject},
    jwks::KeySet,
    keys::token_error,
    receipt::RECEIPT_TYPE,
};

/// The tolerated difference between the clocks of two services, in seconds.
const LEEWAY: u64 = 10;

/// The maximum number of verified tokens in the cache.
const MAX_CACHED_TOKENS: usize = 10_000;
/// The time after which a changed JWKS file is noticed, if the services are called.
const REREAD_INTERVAL: Duration = Duration::from_secs(1);
/// The shortest time between two looks at the JWKS file because of a token with an unknown key.
const UNKNOWN_KEY_INTERVAL: Duration = Duration::from_millis(100);

/// The public keys of the services. They are read again when their file has changed.
#[derive(Debug)]
pub(super) struct ServiceKeys {
    current: RwLock<Arc<TrustedKeys>>,
    file: Option<WatchedFile>,
}

/// The keys of one version of the file, with the tokens that were verified with them. A new version
/// begins with an empty cache, so the tokens of a removed key are refused at once.
#[derive(Debug)]
struct TrustedKeys {
    keys: KeySet,
    /// The verified tokens by their encoded text.
    verified: RwLock<HashMap<String, Arc<VerifiedToken>>>,
}

/// A token whose signature and claims were verified, except its audience.
#[derive(Debug)]
struct VerifiedToken {
    caller: Arc<Caller>,
    audience: Vec<String>,
    /// The expiry time in seconds since 1970.
    expiry: u64,
}

impl VerifiedToken {
    /// Returns the caller if the token has not expired, and is for one of the services `audiences`.
    fn caller(&self, audiences: &[Service]) -> Result<Arc<Caller>, TokenError> {
        if self.expiry + LEEWAY < get_current_timestamp() {
            return Err(TokenError::Expired);
        }
        let is_in_audience = |service: &Service| self.audience.iter().any(|name| name == service.as_str());
        if !audiences.iter().any(is_in_audience) {
            tracing::debug!(audience = ?self.audience, "token refused: its audience is another service");
            return Err(TokenError::Invalid);
        }
        Ok(self.caller.clone())
    }
}

impl ServiceKeys {
    /// Parses a JWKS (RFC 7517) in which each `kid` names its service.
    pub(super) fn parse(jwks: &str) -> Result<Self, KeyError> {
        Ok(Self { current: RwLock::new(Arc::new(TrustedKeys::parse(jwks)?)), file: None })
    }

    /// Reads a JWKS file, and again when it has changed.
    pub(super) fn open(path: &Path) -> Result<Self, KeyError> {
        let opened = WatchedFile::open(path);
        let (file, text) = opened.map_err(|source| KeyError::File { path: path.to_owned(), source })?;
        Ok(Self { file: Some(file), ..Self::parse(&text)? })
    }

    /// Returns true if the key is trusted.
    pub(super) fn contains(&self, kid: &str) -> bool {
        self.current().keys.get(kid).is_some()
    }

    /// Returns the result for a token that was verified before with a key that is still trusted;
    /// `None` if the token is not in the cache.
    pub(super) fn cached(&self, token: &str, audiences: &[Service]) -> Option<Result<Arc<Caller>, TokenError>> {
        self.reread(REREAD_INTERVAL);
        let trusted = self.current();
        let verified = trusted.verified.read().unwrap_or_else(PoisonError::into_inner).get(token).cloned();
        verified.map(|verified| verified.caller(audiences))
    }

    /// Verifies a token, which must be for one of the services `audiences`. A token whose header
    /// declares another algorithm than that of the key is refused.
    pub(super) fn verify(&self, token: &str, audiences: &[Service]) -> Result<Arc<Caller>, TokenError> {
        let header = decode_header(token).map_err(token_error)?;
        let kid = header.kid.filter(|_| header.typ.as_deref() != Some(RECEIPT_TYPE)).ok_or(TokenError::Invalid)?;
        if !self.contains(&kid) {
            self.reread(UNKNOWN_KEY_INTERVAL);
        }
        let trusted = self.current();
        let (algorithm, key) = trusted.keys.get(&kid).ok_or(TokenError::Invalid)?;
        let mut validation = Validation::new(*algorithm);
        validation.leeway = LEEWAY;
        validation.validate_nbf = true;
        validation.set_required_spec_claims(&["exp", "iss", "sub", "aud"]);
        validation.set_issuer(&[SERVICE_ISSUER]);
        // The expected audience depends on the method, so it is checked for each call.
        validation.validate_aud = false;
        let claims = decode::<Claims>(token, key, &validation).map_err(token_error)?.claims;
        let caller = owner(&kid).filter(|service| claims.sub == service_subject(*service)).map(|_| claims.to_service());
        let caller = caller.unwrap_or(Err("the key belongs to another service")).map_err(|reason| {
            tracing::debug!(reason, "token refused: its signature is valid, its claims are not");
            TokenError::Invalid
        })?;
        let audience = claims.aud.names().to_vec();
        let verified = VerifiedToken { caller: Arc::new(caller), audience, expiry: claims.exp };
        trusted.cache(token, verified).caller(audiences)
    }

    /// Replaces the keys if their file has changed. An invalid file is logged and ignored.
    fn reread(&self, interval: Duration) {
        let Some(file) = &self.file else { return };
        file.load_if_changed(interval, |text| match TrustedKeys::parse(text) {
            Ok(keys) => {
                tracing::info!("the public keys of the services were read again");
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
            }
            Err(error) => tracing::error!(%error, "the changed public keys of the services cannot be used"),
        });
    }

    /// Returns the keys that were read last.
    fn current(&self) -> Arc<TrustedKeys> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl TrustedKeys {
    fn parse(jwks: &str) -> Result<Self, KeyError> {
        let keys = KeySet::parse(jwks)?;
        if let Some(kid) = keys.kids().find(|kid| owner(kid).is_none()) {
            return Err(KeyError::NoOwner(kid.to_owned()));
        }
        Ok(Self { keys, verified: RwLock::default() })
    }

    /// Adds a verified token to the cache, which is emptied first if it is full.
    fn cache(&self, token: &str, verified: VerifiedToken) -> Arc<VerifiedToken> {
        let verified = Arc::new(verified);
        let mut cache = self.verified.write().unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= MAX_CACHED_TOKENS {
            cache.clear();
        }
        cache.insert(token.to_owned(), verified.clone());
        verified
    }
}

/// Returns the service to which a key belongs.
fn owner(kid: &str) -> Option<Service> {
    kid.split_once('/')?.0.parse().ok()
}
