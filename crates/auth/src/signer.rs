//! Signs tokens and receipts (proofs of the history of a claim) with an Ed25519 key.
use std::{
    collections::HashMap,
    io::Write as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use cpor_types::{Actor, Clock, PartnerId, Role, Service, TenantId};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use sha2::{Digest as _, Sha256};

use super::{
    SERVICE_ISSUER, USER_AUDIENCE,
    claims::{Audience, Claims, service_subject},
};

/// The lifetime of a service's token.
const SERVICE_TOKEN_SECONDS: u64 = 300;
/// A cached token is replaced when its remaining lifetime falls below this number of seconds.
const RENEW_SECONDS: u64 = 120;
/// The maximum number of cached service tokens.
const MAX_CACHED_TOKENS: usize = 10_000;

/// The lines around a PKCS#8 key in PEM (RFC 7468).
const PEM_BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const PEM_END: &str = "-----END PRIVATE KEY-----";

/// The reason why a signing key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SignerError {
    /// The key file cannot be read or written.
    #[error("cannot use the key file {path}: {source}", path = .path.display())]
    File {
        /// The path of the file.
        path: PathBuf,
        /// The I/O error.
        source: std::io::Error,
    },
    /// The file does not contain an Ed25519 key in PKCS#8 PEM.
    #[error("not an Ed25519 private key in PKCS#8 PEM")]
    Key,
    /// Signing failed.
    #[error("cannot sign: {0}")]
    Sign(#[from] jsonwebtoken::errors::Error),
}

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

/// Signs with one Ed25519 key, which is used either for the tokens of users (by `cpor dev` and
/// `cpor token`) or for the tokens and receipts of services. Clones share the key and the token
/// cache.
#[derive(Clone)]
pub struct TokenSigner(Arc<Inner>);

/// The key of the cache of service tokens: the calling service, the called service and the actor on
/// whose behalf the call is made (empty if there is none).
type ServiceTokenKey = (Service, Service, String);

/// The key and the token cache that the clones of a signer share.
struct Inner {
    /// The private key in PKCS#8 DER.
    pkcs8: Vec<u8>,
    /// The public key, 32 bytes.
    public: Vec<u8>,
    /// The private key in the form that signing needs.
    key: EncodingKey,
    /// The key id: the beginning of the SHA-256 hash of the public key.
    kid: String,
    /// The `iss` of users' tokens.
    issuer: String,
    clock: Arc<dyn Clock>,
    /// Cached service tokens, each with its expiry time in seconds since 1970.
    service_tokens: Mutex<HashMap<ServiceTokenKey, (String, u64)>>,
}

impl std::fmt::Debug for TokenSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenSigner").field("kid", &self.0.kid).finish_non_exhaustive()
    }
}

impl TokenSigner {
    /// Generates a new key. `issuer` is the `iss` claim of users' tokens; `clock` must show real
    /// time.
    ///
    /// # Errors
    /// Returns an error if the system has no source of randomness.
    pub fn generate(issuer: &str, clock: Arc<dyn Clock>) -> Result<Self, SignerError> {
        let pair = Ed25519KeyPair::generate().map_err(|_| SignerError::Key)?;
        let pkcs8 = pair.to_pkcs8v1().map_err(|_| SignerError::Key)?;
        Self::from_pkcs8(pkcs8.as_ref().to_vec(), issuer, clock)
    }

    /// Reads the key from a PKCS#8 PEM file. `issuer` is the `iss` claim of users' tokens; `clock`
    /// must show real time.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read or does not contain an Ed25519 key.
    pub fn from_file(path: &Path, issuer: &str, clock: Arc<dyn Clock>) -> Result<Self, SignerError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| SignerError::File { path: path.to_owned(), source })?;
        Self::from_pkcs8(decode_pem(&text).ok_or(SignerError::Key)?, issuer, clock)
    }

    /// Writes the key to a new PKCS#8 PEM file that only its owner can read.
    ///
    /// # Errors
    /// Returns an error if the file already exists or cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), SignerError> {
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let result = options.open(path).and_then(|mut file| file.write_all(encode_pem(&self.0.pkcs8).as_bytes()));
        result.map_err(|source| SignerError::File { path: path.to_owned(), source })
    }

    fn from_pkcs8(pkcs8: Vec<u8>, issuer: &str, clock: Arc<dyn Clock>) -> Result<Self, SignerError> {
        let pair = Ed25519KeyPair::from_pkcs8(&pkcs8).map_err(|_| SignerError::Key)?;
        let public = pair.public_key().as_ref().to_vec();
        let kid = URL_SAFE_NO_PAD.encode(&Sha256::digest(&public)[..12]);
        let key = EncodingKey::from_ed_der(&pkcs8);
        let service_tokens = Mutex::default();
        Ok(Self(Arc::new(Inner { pkcs8, public, key, kid, issuer: issuer.to_owned(), clock, service_tokens })))
    }

    /// Returns the public half of the key as a JWKS (RFC 7517, RFC 8037).
    #[must_use]
    pub fn jwks(&self) -> String {
        let key = serde_json::json!({
            "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA",
            "kid": self.0.kid, "x": URL_SAFE_NO_PAD.encode(&self.0.public),
        });
        serde_json::json!({ "keys": [key] }).to_string()
    }

    /// Returns the public half of the key in a PKCS#8 PEM file as a JWKS.
    pub(super) fn public_jwks_of(path: &Path) -> Result<String, SignerError> {
        // The issuer and the clock do not affect the public key.
        Ok(Self::from_file(path, SERVICE_ISSUER, Arc::new(cpor_types::SystemClock))?.jwks())
    }

    /// Returns a token for a user.
    ///
    /// # Errors
    /// Returns an error if signing fails.
    pub fn user_token(&self, user: &UserToken) -> Result<String, SignerError> {
        let now = self.now();
        self.sign(&Claims {
            iss: self.0.issuer.clone(),
            sub: user.subject.clone(),
            aud: Audience::One(USER_AUDIENCE.to_owned()),
            exp: now.saturating_add(user.lifetime.as_secs()),
            iat: now,
            roles: user.roles.iter().map(ToString::to_string).collect(),
            partner: user.partner.as_ref().map(ToString::to_string),
            tenant: user.tenant.as_ref().map(ToString::to_string),
            act: None,
        })
    }

    /// Returns a token with which the service `from` calls the service `to`, on behalf of `actor`
    /// or, if that is `None`, of itself. The token is valid for 5 minutes and cached.
    ///
    /// # Errors
    /// Returns an error if signing fails.
    pub fn service_token(&self, from: Service, to: Service, actor: Option<&Actor>) -> Result<String, SignerError> {
        let act = actor.map(Actor::to_text);
        let key = (from, to, act.clone().unwrap_or_default());
        let now = self.now();
        let mut cache = self.0.service_tokens.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((token, expiry)) = cache.get(&key)
            && *expiry > now + RENEW_SECONDS
        {
            return Ok(token.clone());
        }
        let expiry = now + SERVICE_TOKEN_SECONDS;
        let token = self.sign(&Claims {
            iss: SERVICE_ISSUER.to_owned(),
            sub: service_subject(from),
            aud: Audience::One(to.to_string()),
            exp: expiry,
            iat: now,
            roles: Vec::new(),
            partner: None,
            tenant: None,
            act,
        })?;
        if cache.len() >= MAX_CACHED_TOKENS {
            cache.clear();
        }
        cache.insert(key, (token.clone(), expiry));
        Ok(token)
    }

    fn sign(&self, claims: &Claims) -> Result<String, SignerError> {
        let header = Header { kid: Some(self.0.kid.clone()), ..Header::new(Algorithm::EdDSA) };
        Ok(jsonwebtoken::encode(&header, claims, &self.0.key)?)
    }

    pub(super) fn kid(&self) -> &str {
        &self.0.kid
    }

    pub(super) fn key(&self) -> &EncodingKey {
        &self.0.key
    }

    /// Signs arbitrary claims, for tests with forged tokens.
    #[cfg(test)]
    pub(super) fn sign_json(&self, claims: &serde_json::Value) -> String {
        let header = Header { kid: Some(self.0.kid.clone()), ..Header::new(Algorithm::EdDSA) };
        jsonwebtoken::encode(&header, claims, &self.0.key).unwrap()
    }

    fn now(&self) -> u64 {
        u64::try_from(self.0.clock.now().timestamp()).unwrap_or_default()
    }
}

fn encode_pem(der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let mut text = format!("{PEM_BEGIN}\n");
    for line in body.as_bytes().chunks(64) {
        text.push_str(&String::from_utf8_lossy(line));
        text.push('\n');
    }
    text.push_str(PEM_END);
    text.push('\n');
    text
}

fn decode_pem(text: &str) -> Option<Vec<u8>> {
    let (_, rest) = text.split_once(PEM_BEGIN)?;
    let (body, _) = rest.split_once(PEM_END)?;
    let body: String = body.chars().filter(|c| !c.is_whitespace()).collect();
    STANDARD.decode(body).ok()
}
