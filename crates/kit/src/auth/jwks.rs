use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse},
};

/// Keys that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}", path = .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is no JWKS.
    #[error("not a JWKS: {0}")]
    Json(#[from] serde_json::Error),
    /// A key has no `kid`, so no token can name it.
    #[error("a key has no kid")]
    NoKid,
    /// Two keys have the same `kid`.
    #[error("two keys have the kid {0:?}")]
    Twice(String),
    /// The key's numbers are none.
    #[error("the key {kid:?} is broken: {source}")]
    Broken {
        /// Which key.
        kid: String,
        /// Why.
        source: jsonwebtoken::errors::Error,
    },
    /// There is no Ed25519 or P-256 key for signatures.
    #[error("no key is usable: EdDSA (Ed25519) or ES256 (P-256) is needed")]
    None,
    /// Neither a key file nor a JWKS file is configured.
    #[error("auth.{0} is not set")]
    NotSet(&'static str),
    /// The signing key cannot be read.
    #[error(transparent)]
    Signer(#[from] super::SignerError),
}

/// Public keys by `kid`, each with the one algorithm that it is for.
#[derive(Debug)]
pub(super) struct KeySet(HashMap<String, (Algorithm, DecodingKey)>);

impl KeySet {
    /// Reads a JWKS (RFC 7517). Keys of other kinds, which an issuer may have beside ours, are passed over.
    pub(super) fn parse(json: &str) -> Result<Self, KeyError> {
        let set: JwkSet = serde_json::from_str(json)?;
        let mut keys = HashMap::new();
        for jwk in &set.keys {
            let kid = jwk.common.key_id.clone().ok_or(KeyError::NoKid)?;
            let Some(algorithm) = algorithm(jwk) else {
                tracing::warn!(kid, "a key of another kind than EdDSA or ES256 is not used");
                continue;
            };
            let key = DecodingKey::from_jwk(jwk).map_err(|source| KeyError::Broken { kid: kid.clone(), source })?;
            if keys.insert(kid.clone(), (algorithm, key)).is_some() {
                return Err(KeyError::Twice(kid));
            }
        }
        if keys.is_empty() { Err(KeyError::None) } else { Ok(Self(keys)) }
    }

    pub(super) fn read(path: &Path) -> Result<Self, KeyError> {
        let json = std::fs::read_to_string(path).map_err(|source| KeyError::File { path: path.to_owned(), source })?;
        Self::parse(&json)
    }

    pub(super) fn get(&self, kid: &str) -> Option<&(Algorithm, DecodingKey)> {
        self.0.get(kid)
    }
}

/// The algorithm that the key's own kind dictates; what a token says about it decides nothing.
fn algorithm(jwk: &Jwk) -> Option<Algorithm> {
    let (algorithm, named) = if let AlgorithmParameters::OctetKeyPair(key) = &jwk.algorithm
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
    let signs = matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature));
    let agrees = jwk.common.key_algorithm.is_none_or(|declared| declared == named);
    (signs && agrees).then_some(algorithm)
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
    fn keys_of_other_kinds_are_passed_over_but_one_must_be_usable() {
        assert!(set(&[ED, RSA]).unwrap().get("a").is_some_and(|(algorithm, _)| *algorithm == Algorithm::EdDSA));
        assert!(set(&[ED, RSA]).unwrap().get("r").is_none());
        assert!(matches!(set(&[RSA]), Err(KeyError::None)));
        let encryption = ED.replace("\"kid\"", "\"use\":\"enc\",\"kid\"");
        assert!(matches!(set(&[&encryption]), Err(KeyError::None)));
    }

    #[test]
    fn every_key_has_a_name_of_its_own() {
        assert!(matches!(set(&[ED, ED]), Err(KeyError::Twice(kid)) if kid == "a"));
        assert!(matches!(set(&[&ED.replace("\"kid\":\"a\",", "")]), Err(KeyError::NoKid)));
        assert!(matches!(KeySet::parse("[]"), Err(KeyError::Json(_))));
    }
}
