//! An identity provider: an OpenID Connect issuer with its discovery document and its keys.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rsa::KeySize,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair},
};
use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::get,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use cpor_types::{Clock as _, SystemClock};
use jsonwebtoken::{Algorithm, EncodingKey, crypto, jwk::Jwk};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The number of bytes before the PKCS#1 key in the PKCS#8 form of an RSA key with 2048 bits.
const RSA_PKCS8_HEADER: usize = 26;

/// A key with which an issuer signs tokens.
#[derive(Clone)]
pub struct IssuerKey {
    /// The key id.
    pub kid: String,
    /// The algorithm of the signatures.
    pub algorithm: Algorithm,
    key: EncodingKey,
}

impl std::fmt::Debug for IssuerKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IssuerKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl IssuerKey {
    /// Generates a key.
    ///
    /// # Panics
    /// Panics if the algorithm is not RS256, PS256, ES256 or EdDSA.
    #[must_use]
    pub fn generate(kid: &str, algorithm: Algorithm) -> Self {
        let key = if matches!(algorithm, Algorithm::RS256 | Algorithm::PS256) {
            let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
            let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).expect("PKCS#8");
            EncodingKey::from_rsa_der(&der.as_ref()[RSA_PKCS8_HEADER..])
        } else if algorithm == Algorithm::ES256 {
            let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
            EncodingKey::from_ec_der(pair.to_pkcs8v1().expect("PKCS#8").as_ref())
        } else {
            assert_eq!(algorithm, Algorithm::EdDSA, "other algorithms are not supported");
            let pair = Ed25519KeyPair::generate().expect("a key");
            EncodingKey::from_ed_der(pair.to_pkcs8v1().expect("PKCS#8").as_ref())
        };
        Self { kid: kid.to_owned(), algorithm, key }
    }

    /// Returns the public key as a JWK.
    ///
    /// # Panics
    /// Panics if the key is not usable.
    #[must_use]
    pub fn jwk(&self) -> Value {
        let mut jwk = Jwk::from_encoding_key(&self.key, self.algorithm).expect("a JWK");
        jwk.common.key_id = Some(self.kid.clone());
        serde_json::to_value(jwk).expect("JSON")
    }

    /// Returns the header of tokens that are signed with this key.
    ///
    /// # Panics
    /// Never panics.
    #[must_use]
    pub fn header(&self) -> Value {
        json!({ "typ": "JWT", "alg": format!("{:?}", self.algorithm), "kid": self.kid })
    }

    /// Signs a header and claims. The texts are not checked, so that a test can sign invalid ones.
    ///
    /// # Panics
    /// Panics if the key cannot sign.
    #[must_use]
    pub fn sign(&self, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let signature = crypto::sign(message.as_bytes(), &self.key, self.algorithm).expect("a signature");
        format!("{message}.{signature}")
    }
}

/// The server of an issuer. It stops with the runtime of the test.
#[derive(Debug)]
pub struct TestIssuer {
    /// The `iss` of its tokens.
    pub url: String,
    state: Arc<IssuerState>,
}

/// The state of an issuer, which its server and the test share.
#[derive(Debug, Default)]
struct IssuerState {
    /// The `iss` of its tokens.
    url: Mutex<String>,
    /// The published keys as JWKs.
    keys: Mutex<Vec<Value>>,
    /// The number of times that the keys were fetched.
    key_fetches: AtomicUsize,
    /// Whether requests are answered with an error.
    fails: AtomicBool,
}

impl TestIssuer {
    /// Starts an issuer on a free port, which publishes these keys.
    ///
    /// # Panics
    /// Panics if there is no free port.
    pub async fn start(keys: &[&IssuerKey]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let state = Arc::<IssuerState>::default();
        url.clone_into(&mut lock(&state.url));
        let issuer = Self { url, state };
        issuer.publish(keys);
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(serve_discovery))
            .route("/keys", get(serve_keys))
            .with_state(Arc::clone(&issuer.state));
        tokio::spawn(async move { axum::serve(listener, router).await });
        issuer
    }

    /// Publishes these keys from now on, and no others.
    pub fn publish(&self, keys: &[&IssuerKey]) {
        *lock(&self.state.keys) = keys.iter().map(|key| key.jwk()).collect();
    }

    /// Sets whether all further requests are answered with an error.
    pub fn set_failing(&self, fails: bool) {
        self.state.fails.store(fails, Ordering::SeqCst);
    }

    /// Returns the number of times that the keys were fetched.
    #[must_use]
    pub fn key_fetches(&self) -> usize {
        self.state.key_fetches.load(Ordering::SeqCst)
    }

    /// Returns a token that is valid for five minutes, with these claims in addition.
    ///
    /// # Panics
    /// Panics if the claims are not an object.
    #[must_use]
    pub fn token(&self, key: &IssuerKey, claims: &Value) -> String {
        key.sign(&key.header().to_string(), &self.claims(claims).to_string())
    }

    /// Returns the claims of a token as [`Self::token`] creates it: those that every token needs,
    /// and `claims`.
    ///
    /// # Panics
    /// Panics if the claims are not an object.
    #[must_use]
    pub fn claims(&self, claims: &Value) -> Value {
        let now = SystemClock.now().timestamp();
        let mut all = json!({ "iss": self.url, "aud": "cpor", "iat": now, "exp": now + 300 });
        let more = claims.as_object().expect("an object").clone();
        all.as_object_mut().expect("an object").extend(more);
        all
    }
}

async fn serve_discovery(State(state): State<Arc<IssuerState>>) -> Response {
    let url = lock(&state.url).clone();
    respond(&state, || json!({ "issuer": url, "jwks_uri": format!("{url}/keys") }))
}

async fn serve_keys(State(state): State<Arc<IssuerState>>) -> Response {
    state.key_fetches.fetch_add(1, Ordering::SeqCst);
    // Gives concurrent calls the time to request the same keys.
    tokio::time::sleep(Duration::from_millis(20)).await;
    respond(&state, || json!({ "keys": *lock(&state.keys) }))
}

fn respond(state: &IssuerState, content: impl FnOnce() -> Value) -> Response {
    if state.fails.load(Ordering::SeqCst) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    content().to_string().into_response()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
