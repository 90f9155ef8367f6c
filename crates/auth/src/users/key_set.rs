//! The public keys of an issuer of users' tokens.
use std::collections::HashMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse},
};
use serde::Deserialize;
use serde_json::Value;

/// The minimum length of an RSA key, in bits.
const MIN_RSA_BITS: usize = 2048;
/// The maximum length of an RSA key, in bits. Longer keys would make verification expensive.
const MAX_RSA_BITS: usize = 8192;
/// The maximum number of keys. Further keys are ignored.
const MAX_KEYS: usize = 100;

/// Public keys by `kid` (key id), each with the algorithms for which it is accepted.
#[derive(Debug)]
pub(super) struct UserKeySet {
    /// The text of the JWKS, to notice whether it changes.
    text: String,
    keys: HashMap<String, UserKey>,
}

/// A public key with the algorithms for which it is accepted.
#[derive(Debug)]
pub(super) struct UserKey {
    pub(super) algorithms: Vec<Algorithm>,
    pub(super) key: DecodingKey,
}

/// A JWKS whose keys are not parsed yet.
#[derive(Deserialize)]
struct Jwks {
    keys: Vec<Value>,
}

impl UserKeySet {
    /// Parses a JWKS. Keys that cannot be used are ignored, because an issuer may publish keys for
    /// other systems.
    ///
    /// # Errors
    /// Returns an error if the text is not a JWKS.
    pub(super) fn parse(text: String, allowed: &[Algorithm]) -> Result<Self, serde_json::Error> {
        let jwks: Jwks = serde_json::from_str(&text)?;
        let mut keys = HashMap::new();
        for value in jwks.keys.into_iter().take(MAX_KEYS) {
            match usable_key(value, allowed) {
                Ok((kid, key)) => drop(keys.entry(kid).or_insert(key)),
                Err(reason) => tracing::debug!(reason, "ignoring a key of an issuer"),
            }
        }
        Ok(Self { text, keys })
    }

    /// Returns the key with this `kid`. Without a `kid`, returns the only key of the set, or `None`
    /// if the set has several.
    pub(super) fn get(&self, kid: Option<&str>) -> Option<&UserKey> {
        match kid {
            Some(kid) => self.keys.get(kid),
            None => self.keys.values().next().filter(|_| self.keys.len() == 1),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Returns true if both sets were parsed from the same text.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

/// Returns the `kid` and the key, or the reason why it cannot be used.
fn usable_key(value: Value, allowed: &[Algorithm]) -> Result<(String, UserKey), &'static str> {
    let jwk: Jwk = serde_json::from_value(value).map_err(|_| "it is malformed")?;
    // The empty text stands for a key without a kid.
    let kid = jwk.common.key_id.clone().unwrap_or_default();
    if !matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature)) {
        return Err("it is not for signatures");
    }
    if jwk.common.key_operations.as_ref().is_some_and(|operations| !operations.contains(&KeyOperations::Verify)) {
        return Err("it is not for verifying signatures");
    }
    let declared = jwk.common.key_algorithm;
    let algorithms: Vec<_> = algorithms_of(&jwk.algorithm)
        .iter()
        .filter(|(algorithm, name)| allowed.contains(algorithm) && declared.is_none_or(|declared| declared == *name))
        .map(|(algorithm, _)| *algorithm)
        .collect();
    if algorithms.is_empty() {
        return Err("its type, curve, length or algorithm is not accepted");
    }
    let key = DecodingKey::from_jwk(&jwk).map_err(|_| "its parameters are malformed")?;
    Ok((kid, UserKey { algorithms, key }))
}

/// Returns the algorithms that belong to the type, curve and length of a key.
fn algorithms_of(parameters: &AlgorithmParameters) -> &'static [(Algorithm, KeyAlgorithm)] {
    if let AlgorithmParameters::RSA(key) = parameters
        && (MIN_RSA_BITS..=MAX_RSA_BITS).contains(&bits(&key.n))
    {
        &[(Algorithm::RS256, KeyAlgorithm::RS256), (Algorithm::PS256, KeyAlgorithm::PS256)]
    } else if let AlgorithmParameters::EllipticCurve(key) = parameters
        && key.curve == EllipticCurve::P256
    {
        &[(Algorithm::ES256, KeyAlgorithm::ES256)]
    } else if let AlgorithmParameters::OctetKeyPair(key) = parameters
        && key.curve == EllipticCurve::Ed25519
    {
        &[(Algorithm::EdDSA, KeyAlgorithm::EdDSA)]
    } else {
        &[]
    }
}

/// Returns the number of significant bits of a Base64url number, or 0 if it is malformed.
fn bits(number: &str) -> usize {
    let bytes = URL_SAFE_NO_PAD.decode(number.trim_end_matches('=')).unwrap_or_default();
    let mut significant = bytes.iter().skip_while(|byte| **byte == 0);
    let Some(first) = significant.next() else { return 0 };
    significant.count() * 8 + (u8::BITS - first.leading_zeros()) as usize
}

#[cfg(test)]
mod tests {
    use super::super::config::SUPPORTED_ALGORITHMS;
    use super::*;

    /// A JWK of an RSA key whose modulus has this number of bits.
    fn rsa(bits: usize, more: &str) -> String {
        let mut modulus = vec![0xff; bits / 8];
        modulus.insert(0, 0);
        format!(r#"{{"kty":"RSA","kid":"r","n":"{}","e":"AQAB"{more}}}"#, URL_SAFE_NO_PAD.encode(modulus))
    }

    fn algorithms(key: &str, allowed: &[Algorithm]) -> Vec<Algorithm> {
        let set = UserKeySet::parse(format!(r#"{{"keys":[{key}]}}"#), allowed).unwrap();
        set.keys.values().flat_map(|key| key.algorithms.clone()).collect()
    }

    #[test]
    fn type_length_and_declared_algorithm_decide() {
        use Algorithm::{ES256, EdDSA, PS256, RS256};
        let all = |key: &str| algorithms(key, &SUPPORTED_ALGORITHMS);
        assert_eq!(all(&rsa(2048, "")), [RS256, PS256]);
        assert_eq!(all(&rsa(2048, r#","alg":"PS256","use":"sig""#)), [PS256]);
        assert_eq!(algorithms(&rsa(4096, ""), &[RS256, ES256]), [RS256]);
        for (bits, more) in [
            (1024, ""),
            (2040, ""),
            (16_384, ""),
            (2048, r#","alg":"RS512""#),
            (2048, r#","alg":"RSA-OAEP""#),
            (2048, r#","alg":"HS256""#),
            (2048, r#","alg":"none""#),
            (2048, r#","use":"enc""#),
            (2048, r#","key_ops":["encrypt"]"#),
        ] {
            assert_eq!(all(&rsa(bits, more)), [], "{bits} {more}");
        }
        let ed = r#"{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
        assert_eq!(all(ed), [EdDSA]);
        let p256 = r#"{"kty":"EC","crv":"P-256","kid":"e","x":"AQAB","y":"AQAB"}"#;
        assert_eq!(all(p256), [ES256]);
        for unusable in [
            p256.replace("P-256", "P-384"),
            ed.replace("Ed25519", "X25519"),
            r#"{"kty":"oct","kid":"s","k":"c2VjcmV0"}"#.to_owned(),
            r#"{"kty":"unknown","kid":"u"}"#.to_owned(),
            "7".to_owned(),
        ] {
            assert_eq!(all(&unusable), [], "{unusable}");
        }
    }

    #[test]
    fn an_unusable_key_does_not_hide_the_others() {
        let set = UserKeySet::parse(format!(r#"{{"keys":[{{}},{}]}}"#, rsa(2048, "")), &SUPPORTED_ALGORITHMS).unwrap();
        assert!(set.get(Some("r")).is_some() && !set.is_empty());
        assert!(set.get(None).is_some() && set.get(Some("")).is_none());
        let two = format!(r#"{{"keys":[{},{}]}}"#, rsa(2048, ""), rsa(2048, "").replace("\"kid\":\"r\",", ""));
        let set = UserKeySet::parse(two, &SUPPORTED_ALGORITHMS).unwrap();
        assert!(set.get(Some("r")).is_some() && set.get(None).is_none(), "no kid says which");
        assert!(UserKeySet::parse("[]".to_owned(), &SUPPORTED_ALGORITHMS).is_err());
    }
}
