//! Sets of public keys (JWKS, RFC 7517).
use std::{collections::HashMap, path::PathBuf};

use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse},
};

/// The reason why a set of public keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The key file cannot be read.
    #[error("cannot read {path}: {source}", path = .path.display())]
    File {
        /// The path of the file.
        path: PathBuf,
        /// The I/O error.
        source: std::io::Error,
    },
    /// The text is not a JWKS.
    #[error("not a JWKS: {0}")]
    Json(#[from] serde_json::Error),
    /// A key has no `kid` (key id), so no token can refer to it.
    #[error("a key has no kid")]
    MissingKid,
    /// Two keys have the same `kid`.
    #[error("two keys have the kid {0:?}")]
    DuplicateKid(String),
    /// The parameters of a key are invalid.
    #[error("the key {kid:?} is invalid: {source}")]
    InvalidKey {
        /// The `kid` of the key.
        kid: String,
        /// The reason why the key cannot be decoded.
        source: jsonwebtoken::errors::Error,
    },
    /// The set contains no Ed25519 or P-256 key for signatures.
    #[error("no usable key: EdDSA (Ed25519) or ES256 (P-256) is required")]
    NoUsableKey,
    /// The setting `auth.<name>` is required but not set.
    #[error("auth.{0} is not set")]
    NotSet(&'static str),
    /// An issuer of users' tokens cannot be set up.
    #[error(transparent)]
    Issuer(#[from] super::IssuerError),
    /// The `kid` of a key of the services does not begin with the name of a service.
    #[error("the key {0:?} does not name its service: its kid must begin with a service, like `registry/`")]
    NoOwner(String),
    /// The key is not one that signs receipts.
    #[error("the key {0:?} is not for receipts: its kid must begin with `receipts/`")]
    NotForReceipts(String),
}

/// Public keys by `kid` (key id), each with the only algorithm for which it is accepted.
#[derive(Debug)]
pub(super) struct KeySet(HashMap<String, (Algorithm, DecodingKey)>);

impl KeySet {
    /// Parses a JWKS. Every key needs a `kid`. Keys of unsupported kinds are ignored, because an
    /// issuer may publish them for other systems.
    pub(super) fn parse(json: &str) -> Result<Self, KeyError> {
        let set: JwkSet = serde_json::from_str(json)?;
        let mut keys = HashMap::new();
        for jwk in &set.keys {
            let kid = jwk.common.key_id.clone().ok_or(KeyError::MissingKid)?;
            let Some(algorithm) = supported_algorithm(jwk) else {
                tracing::warn!(kid, "ignoring a key that is not an EdDSA or ES256 key for signatures");
                continue;
            };
            let key = DecodingKey::from_jwk(jwk).map_err(|source| KeyError::InvalidKey { kid: kid.clone(), source })?;
            if keys.insert(kid.clone(), (algorithm, key)).is_some() {
                return Err(KeyError::DuplicateKid(kid));
            }
        }
        if keys.is_empty() { Err(KeyError::NoUsableKey) } else { Ok(Self(keys)) }
    }

    /// Returns the ids of the keys.
    pub(super) fn kids(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub(super) fn get(&self, kid: &str) -> Option<&(Algorithm, DecodingKey)> {
        self.0.get(kid)
    }
}

/// Returns the algorithm that belongs to the type of the key, or `None` if the key is not
/// supported. A token that names another algorithm is refused.
fn supported_algorithm(jwk: &Jwk) -> Option<Algorithm> {
    let (algorithm, expected_alg) = if let AlgorithmParameters::OctetKeyPair(key) = &jwk.algorithm
        && key.curve == EllipticCurve::Ed25519
    {
        (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
    } else if let AlgorithmParameters::EllipticCurve(key) = &jwk.algorithm
        && key.curve == EllipticCurve::P256
    {
        (Algorithm::ES256, KeyAlgorithm::ES256)
    } else {
        return None;
    };
    let is_for_signatures = matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature));
    let alg_matches = jwk.common.key_algorithm.is_none_or(|declared| declared == expected_alg);
    (is_for_signatures && alg_matches).then_some(algorithm)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ED: &str = r#"{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    const RSA: &str = r#"{"kty":"RSA","kid":"r","n":"AQAB","e":"AQAB"}"#;

    fn set(keys: &[&str]) -> Result<KeySet, KeyError> {
        KeySet::parse(&format!(r#"{{"keys":[{}]}}"#, keys.join(",")))
    }

    #[test]
    fn ignores_other_keys_and_needs_a_usable_one() {
        assert!(set(&[ED, RSA]).unwrap().get("a").is_some_and(|(algorithm, _)| *algorithm == Algorithm::EdDSA));
        assert!(set(&[ED, RSA]).unwrap().get("r").is_none());
        assert!(matches!(set(&[RSA]), Err(KeyError::NoUsableKey)));
        let encryption = ED.replace("\"kid\"", "\"use\":\"enc\",\"kid\"");
        assert!(matches!(set(&[&encryption]), Err(KeyError::NoUsableKey)));
    }

    #[test]
    fn each_key_needs_a_kid_of_its_own() {
        assert!(matches!(set(&[ED, ED]), Err(KeyError::DuplicateKid(kid)) if kid == "a"));
        assert!(matches!(set(&[&ED.replace("\"kid\":\"a\",", "")]), Err(KeyError::MissingKid)));
        assert!(matches!(KeySet::parse("[]"), Err(KeyError::Json(_))));
    }
}
