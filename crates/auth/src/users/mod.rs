//! The tokens of users, which the configured issuers sign.
//!
//! | module | what it does |
//! |---|---|
//! | `config` | Describes an issuer in the configuration. |
//! | `mapping` | Converts the claims of a token to a caller. |
//! | `json` | Parses claims and refuses duplicate names. |
//! | `key_set` | Parses the keys of an issuer and decides which algorithms each is accepted for. |
//! | `source`, `fetch` | Load keys from a file, a URL, or by OpenID Connect Discovery. |
//! | `issuer` | Keeps the keys of an issuer fresh. |
//! | `demand` | Limits how often unknown keys cause a fetch. |
mod config;
mod demand;
mod fetch;
mod issuer;
mod json;
mod key_set;
mod mapping;
mod source;

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use aws_lc_rs::digest;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use cpor_process::{Metrics, lifecycle::Tasks};
use cpor_types::Entropy;
use jsonwebtoken::{Header, crypto, decode_header, get_current_timestamp};
use serde_json::Value;

pub(crate) use self::config::validate;
pub use self::{config::IssuerConfig, fetch::AuthorityError, source::IssuerError};

use self::{issuer::Issuer, json::UniqueJson, key_set::UserKeySet};
use crate::{Caller, KeyError, TokenError};

/// The tolerated difference between the clocks of an issuer and of the server, in seconds.
const LEEWAY: f64 = 30.0;
/// The maximum number of verified tokens in the cache. They are cached because verifying a
/// signature is the most expensive part of a small read request.
const MAX_CACHED_TOKENS: usize = 10_000;
/// The maximum length of a token. Longer tokens are refused without being parsed.
const MAX_TOKEN_BYTES: usize = 8 << 10;
/// The accepted values of the `typ` header, in lower case (RFC 7519 and RFC 9068). A token without
/// the header is accepted, because RFC 7519 does not require it.
const TOKEN_TYPES: [&str; 2] = ["jwt", "at+jwt"];

/// The issuers of users' tokens, with the cache of verified tokens.
#[derive(Debug)]
pub(crate) struct UserIssuers {
    issuers: Vec<Arc<Issuer>>,
    /// The verified tokens by the SHA-256 hash of their text.
    cache: RwLock<HashMap<TokenHash, Arc<VerifiedToken>>>,
}

type TokenHash = [u8; digest::SHA256_OUTPUT_LEN];

/// A token whose signature and claims were verified.
#[derive(Debug)]
struct VerifiedToken {
    caller: Arc<Caller>,
    /// The index of the issuer.
    issuer: usize,
    /// The keys with which the token was verified. The cached token is accepted only while they are
    /// in use.
    keys: Arc<UserKeySet>,
    /// The expiry time in seconds since 1970.
    expiry: f64,
}

/// A token whose parts were decoded and not verified.
struct UnverifiedToken<'a> {
    header: Header,
    claims: Value,
    /// The signed part of the text.
    message: &'a str,
    signature: &'a str,
}

impl UserIssuers {
    /// Creates the configured issuers. Keys in files are loaded at once, others in the background.
    pub(crate) fn new(configs: &[IssuerConfig]) -> Result<Self, IssuerError> {
        let mut issuers = Self { issuers: Vec::new(), cache: RwLock::default() };
        issuers.add(configs)?;
        Ok(issuers)
    }

    /// Adds configured issuers.
    pub(crate) fn add(&mut self, configs: &[IssuerConfig]) -> Result<(), IssuerError> {
        for config in configs {
            self.issuers.push(Arc::new(Issuer::new(config)?));
        }
        Ok(())
    }

    /// Creates one issuer whose keys never change.
    pub(crate) fn with_fixed_keys(config: &IssuerConfig, jwks: &str) -> Result<Self, KeyError> {
        Ok(Self { issuers: vec![Arc::new(Issuer::with_fixed_keys(config, jwks)?)], cache: RwLock::default() })
    }

    /// Keeps the keys of all issuers fresh until the process shuts down. Each issuer has its own
    /// task, so that one that does not answer does not delay the others.
    pub(crate) fn keep_fresh(&self, tasks: &Tasks, metrics: &Metrics, entropy: &Arc<dyn Entropy>) {
        for issuer in &self.issuers {
            let (issuer, metrics, entropy) = (Arc::clone(issuer), metrics.clone(), Arc::clone(entropy));
            tasks.supervise(format!("issuer-keys-{}", issuer.label), move |stop| {
                let (issuer, metrics, entropy) = (Arc::clone(&issuer), metrics.clone(), Arc::clone(&entropy));
                async move {
                    issuer.keep_fresh(&metrics, &*entropy, &stop).await;
                    Ok::<(), std::convert::Infallible>(())
                }
            });
        }
    }

    /// Returns the caller of a token in the cache, or `None` if it is not there or was verified
    /// with keys that are no longer in use.
    pub(crate) fn cached(&self, token: &str) -> Option<Result<Arc<Caller>, TokenError>> {
        let cache = self.cache.read().unwrap_or_else(PoisonError::into_inner);
        let verified = cache.get(&hash(token))?;
        let is_current = self.issuers.get(verified.issuer).is_some_and(|issuer| issuer.uses(&verified.keys));
        is_current.then(|| {
            if has_expired(verified.expiry) { Err(TokenError::Expired) } else { Ok(Arc::clone(&verified.caller)) }
        })
    }

    /// Verifies a token and returns its caller.
    ///
    /// # Errors
    /// Returns an error if the type, algorithm, key, signature, issuer, audience, validity period
    /// or any other claim is invalid.
    pub(crate) fn verify(&self, token: &str) -> Result<Arc<Caller>, TokenError> {
        let verified = self.verify_uncached(token)?;
        let caller = Arc::clone(&verified.caller);
        let mut cache = self.cache.write().unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= MAX_CACHED_TOKENS {
            cache.clear();
        }
        cache.insert(hash(token), Arc::new(verified));
        Ok(caller)
    }

    fn verify_uncached(&self, token: &str) -> Result<VerifiedToken, TokenError> {
        let UnverifiedToken { header, claims, message, signature } = decode_parts(token)?;
        let (index, issuer) = self.issuer_of(&claims)?;
        let keys = issuer.keys().ok_or(TokenError::IssuerUnavailable)?;
        let key = keys.get(header.kid.as_deref()).ok_or(TokenError::UnknownKey)?;
        if !key.algorithms.contains(&header.alg) {
            return Err(refuse("its algorithm is not that of the key, or is not accepted"));
        }
        if !matches!(crypto::verify(signature, message.as_bytes(), &key.key, header.alg), Ok(true)) {
            return Err(refuse("its signature is invalid"));
        }
        check_header(&header)?;
        check_audience(&claims, &issuer.audiences)?;
        let expiry = check_times(&claims)?;
        let caller = issuer.mapping.caller(&claims).map_err(refuse)?;
        Ok(VerifiedToken { caller: Arc::new(caller), issuer: index, keys, expiry })
    }

    fn issuer_of(&self, claims: &Value) -> Result<(usize, &Arc<Issuer>), TokenError> {
        let url = claims.get("iss").and_then(Value::as_str);
        let found = self.issuers.iter().enumerate().find(|(_, issuer)| url == Some(issuer.url.as_str()));
        found.ok_or_else(|| refuse("its issuer is unknown"))
    }

    /// Waits until the issuer of a token has the token's key.
    ///
    /// # Errors
    /// Returns an error if the wait ended without that key.
    pub(crate) async fn wait_for_key(&self, token: &str) -> Result<(), TokenError> {
        let UnverifiedToken { header, claims, .. } = decode_parts(token)?;
        let (_, issuer) = self.issuer_of(&claims)?;
        issuer.wait_for_key(header.kid.as_deref()).await
    }
}

fn hash(token: &str) -> TokenHash {
    let mut hash = TokenHash::default();
    hash.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
    hash
}

/// Logs why a token is refused, and returns the error.
fn refuse(reason: &'static str) -> TokenError {
    tracing::debug!(reason, "token refused");
    TokenError::Invalid
}

/// Decodes the three parts of a token.
fn decode_parts(token: &str) -> Result<UnverifiedToken<'_>, TokenError> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(refuse("it is too long"));
    }
    let malformed = || refuse("it is malformed");
    let (message, signature) = token.rsplit_once('.').ok_or_else(malformed)?;
    let (_, payload) = message.split_once('.').ok_or_else(malformed)?;
    let header = decode_header(token).map_err(|_| malformed())?;
    let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|_| malformed())?;
    let UniqueJson(claims) = serde_json::from_slice(&payload).map_err(|_| malformed())?;
    Ok(UnverifiedToken { header, claims, message, signature })
}

fn check_header(header: &Header) -> Result<(), TokenError> {
    // A token that requires an extension is refused, because none is implemented (RFC 7515, section
    // 4.1.11).
    if header.crit.is_some()
        || header.enc.is_some()
        || header.zip.is_some()
        || header.extras.inner().contains_key("b64")
    {
        return Err(refuse("its header requires an extension"));
    }
    let Some(typ) = &header.typ else { return Ok(()) };
    let typ = typ.to_ascii_lowercase();
    let is_accepted = TOKEN_TYPES.contains(&typ.strip_prefix("application/").unwrap_or(&typ));
    if is_accepted { Ok(()) } else { Err(refuse("its type is not that of an access token")) }
}

fn check_audience(claims: &Value, accepted: &[String]) -> Result<(), TokenError> {
    let audiences = match claims.get("aud") {
        Some(Value::Array(audiences)) => audiences.as_slice(),
        Some(audience) => std::slice::from_ref(audience),
        None => &[],
    };
    let is_accepted = |audience: &Value| accepted.iter().any(|accepted| audience.as_str() == Some(accepted));
    if audiences.iter().any(is_accepted) { Ok(()) } else { Err(refuse("its audience is another system")) }
}

/// Checks the validity period and returns the expiry time in seconds since 1970. Times can have
/// fractions (RFC 7519, section 2).
fn check_times(claims: &Value) -> Result<f64, TokenError> {
    let time = |name: &str| match claims.get(name) {
        None => Ok(None),
        Some(value) => value.as_f64().map(Some).ok_or_else(|| refuse("a time is not a number")),
    };
    let expiry = time("exp")?.ok_or_else(|| refuse("it has no expiry time"))?;
    for start in [time("nbf")?, time("iat")?].into_iter().flatten() {
        if start > now() + LEEWAY {
            return Err(refuse("it is not valid yet"));
        }
    }
    if has_expired(expiry) { Err(TokenError::Expired) } else { Ok(expiry) }
}

fn has_expired(expiry: f64) -> bool {
    expiry + LEEWAY <= now()
}

#[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are exact in a double")]
fn now() -> f64 {
    get_current_timestamp() as f64
}
