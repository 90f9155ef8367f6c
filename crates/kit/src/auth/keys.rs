use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use cpor_types::Service;
use jsonwebtoken::{Validation, decode, decode_header, errors::ErrorKind, get_current_timestamp};

use super::{
    Caller, KeyError, SERVICE_ISSUER, TokenSigner, USER_AUDIENCE, claims::Claims, jwks::KeySet, receipt::RECEIPT,
};
use crate::config::AuthConfig;

/// Seconds by which clocks may differ.
const LEEWAY: u64 = 10;
/// Verified tokens that are remembered. A signature costs more than all else of a small read.
const REMEMBERED: usize = 10_000;
/// A longer token is nobody's.
const MAX_TOKEN_BYTES: usize = 8 << 10;

/// The keys that tokens are held against: the users' issuer's, and the services'. Neither can mint for the other.
#[derive(Debug)]
pub struct Keys {
    users: Trusted,
    services: Trusted,
    verified: RwLock<HashMap<String, Arc<Verified>>>,
}

#[derive(Debug)]
struct Trusted {
    issuer: String,
    keys: KeySet,
}

/// What one token proves.
#[derive(Debug)]
struct Verified {
    caller: Arc<Caller>,
    audience: Vec<String>,
    expires: u64,
}

/// Why a token is not accepted. Which check it failed is for the log, not for the bearer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Its time is over: the bearer should get a new one.
    Expired,
    /// Anything else.
    Invalid,
}

impl Keys {
    /// Keys from two JWKS texts (RFC 7517). `issuer` is the `iss` of users' tokens.
    ///
    /// # Errors
    /// A text that is no JWKS, or has no usable key.
    pub fn new(issuer: &str, users_jwks: &str, services_jwks: &str) -> Result<Self, KeyError> {
        Ok(Self::of(issuer, KeySet::parse(users_jwks)?, KeySet::parse(services_jwks)?))
    }

    /// Keys from the configured files. Without a JWKS of the services, they all share the service key.
    ///
    /// # Errors
    /// A file that is missing or has no usable key.
    pub fn load(config: &AuthConfig) -> Result<Self, KeyError> {
        let users = KeySet::read(config.jwks_file.as_ref().ok_or(KeyError::NotSet("jwks_file"))?)?;
        let services = match (&config.service_jwks_file, &config.service_key_file) {
            (Some(jwks), _) => KeySet::read(jwks)?,
            (None, Some(key)) => KeySet::parse(&TokenSigner::public_jwks_of(key)?)?,
            (None, None) => return Err(KeyError::NotSet("service_key_file")),
        };
        Ok(Self::of(&config.issuer, users, services))
    }

    fn of(issuer: &str, users: KeySet, services: KeySet) -> Self {
        Self {
            users: Trusted { issuer: issuer.to_owned(), keys: users },
            services: Trusted { issuer: SERVICE_ISSUER.to_owned(), keys: services },
            verified: RwLock::default(),
        }
    }

    /// Who bears the token. A service's token must name one of `callees` as its audience, a user's the system.
    ///
    /// # Errors
    /// Bad signature, wrong algorithm, unknown key, wrong issuer or audience, not yet or no longer valid, odd claims.
    pub fn verify(&self, token: &str, callees: &[Service]) -> Result<Arc<Caller>, Refused> {
        let verified = match self.remembered(token) {
            Some(verified) => verified,
            None => self.remember(token, self.check(token)?),
        };
        if verified.expires + LEEWAY < get_current_timestamp() {
            return Err(Refused::Expired);
        }
        let meant = |callee: &Service| verified.audience.iter().any(|name| name == callee.as_str());
        if verified.caller.service.is_some() && !callees.iter().any(meant) {
            tracing::debug!(audience = ?verified.audience, "the token is for another service");
            return Err(Refused::Invalid);
        }
        Ok(verified.caller.clone())
    }

    fn check(&self, token: &str) -> Result<Verified, Refused> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Refused::Invalid);
        }
        // Only to choose whose keys apply; the issuer is checked again below, with the signature.
        let unverified: Claims = jsonwebtoken::dangerous::insecure_decode_claims(token).map_err(refused)?;
        let trusted = if unverified.iss == SERVICE_ISSUER { &self.services } else { &self.users };
        let claims = trusted.decode(token)?;
        let is_service = trusted.issuer == SERVICE_ISSUER;
        let caller = if is_service { claims.service() } else { claims.user() };
        let caller = caller.map_err(|reason| {
            tracing::debug!(reason, "a well-signed token is refused");
            Refused::Invalid
        })?;
        let audience = claims.aud.names().to_vec();
        if !is_service && !audience.iter().any(|name| name == USER_AUDIENCE) {
            return Err(Refused::Invalid);
        }
        Ok(Verified { caller: Arc::new(caller), audience, expires: claims.exp })
    }

    fn remembered(&self, token: &str) -> Option<Arc<Verified>> {
        self.verified.read().unwrap_or_else(PoisonError::into_inner).get(token).cloned()
    }

    fn remember(&self, token: &str, verified: Verified) -> Arc<Verified> {
        let verified = Arc::new(verified);
        let mut known = self.verified.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(token.to_owned(), verified.clone());
        verified
    }
}

impl Trusted {
    /// The claims of a token that these keys signed for this issuer. The key, not the token, says which algorithm.
    fn decode(&self, token: &str) -> Result<Claims, Refused> {
        let header = decode_header(token).map_err(refused)?;
        if header.typ.as_deref() == Some(RECEIPT) {
            return Err(Refused::Invalid);
        }
        let (algorithm, key) = header.kid.and_then(|kid| self.keys.get(&kid)).ok_or(Refused::Invalid)?;
        let mut validation = Validation::new(*algorithm);
        validation.leeway = LEEWAY;
        validation.validate_nbf = true;
        validation.set_required_spec_claims(&["exp", "iss", "sub", "aud"]);
        validation.set_issuer(&[&self.issuer]);
        // Checked by the callers: for a service it depends on the method.
        validation.validate_aud = false;
        decode(token, key, &validation).map(|data| data.claims).map_err(refused)
    }
}

fn refused(error: jsonwebtoken::errors::Error) -> Refused {
    tracing::debug!(%error, "a token is refused");
    if matches!(error.kind(), ErrorKind::ExpiredSignature) { Refused::Expired } else { Refused::Invalid }
}
