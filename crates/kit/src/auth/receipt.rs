//! Receipts: what an installation signs for people to keep. By the services' key, of a type of their own and without the claims of
//! tokens, so that none of the two can ever stand for the other.
use jsonwebtoken::{Algorithm, Header, Validation, decode, decode_header};
use serde::{Serialize, de::DeserializeOwned};

use super::{KeyError, SignerError, TokenSigner, jwks::KeySet};

/// The `typ` of a receipt's signature.
pub(super) const RECEIPT: &str = "cpor-receipt";

/// A signature that does not hold.
#[derive(Debug, thiserror::Error)]
pub enum BadSignature {
    /// It is none, or none of a receipt.
    #[error("it is not the signature of a receipt")]
    NoReceipt,
    /// The key that it names is not among those given.
    #[error("the key {0} is not among those given")]
    UnknownKey(String),
    /// It was not made by that key, or was altered.
    #[error("it was not made by the key {0}")]
    Wrong(String),
}

impl TokenSigner {
    /// Signs a statement: a compact JWS (RFC 7515) of it.
    ///
    /// # Errors
    /// Signing fails.
    pub fn receipt(&self, statement: &impl Serialize) -> Result<String, SignerError> {
        let header =
            Header { typ: Some(RECEIPT.to_owned()), kid: Some(self.kid().to_owned()), ..Header::new(Algorithm::EdDSA) };
        Ok(jsonwebtoken::encode(&header, statement, self.key())?)
    }
}

/// The public keys of the services that signed receipts.
#[derive(Debug)]
pub struct ReceiptKeys(KeySet);

impl ReceiptKeys {
    /// Reads a JWKS (RFC 7517).
    ///
    /// # Errors
    /// It is none, or has no usable key.
    pub fn parse(jwks: &str) -> Result<Self, KeyError> {
        KeySet::parse(jwks).map(Self)
    }

    /// What was signed, and the `kid` of the key that signed it.
    ///
    /// # Errors
    /// See [`BadSignature`].
    pub fn verify<T: DeserializeOwned + Clone>(&self, signature: &str) -> Result<(T, String), BadSignature> {
        let header = decode_header(signature).map_err(|_| BadSignature::NoReceipt)?;
        let kid = header.kid.filter(|_| header.typ.as_deref() == Some(RECEIPT)).ok_or(BadSignature::NoReceipt)?;
        let (algorithm, key) = self.0.get(&kid).ok_or_else(|| BadSignature::UnknownKey(kid.clone()))?;
        let mut validation = Validation::new(*algorithm);
        // A receipt is for whoever holds it, and for ever.
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        match decode(signature, key, &validation) {
            Ok(data) => Ok((data.claims, kid)),
            Err(_) => Err(BadSignature::Wrong(kid)),
        }
    }
}
