//! Signatures of receipts. A receipt proves the history of a partner's claim. Whoever has it can
//! verify it offline, at any time. Receipts are signed with the services' key, as tokens are. They
//! have a type of their own and none of the fields of tokens, so that a receipt cannot be used as a
//! token, and a token not as a receipt.
use jsonwebtoken::{Algorithm, Header, Validation, decode, decode_header};
use serde::{Serialize, de::DeserializeOwned};

use super::{KeyError, SignerError, TokenSigner, jwks::KeySet};

/// The `typ` header of the signature of a receipt.
pub(super) const RECEIPT_TYPE: &str = "cpor-receipt";

/// The reason why the signature of a receipt is not valid.
#[derive(Debug, thiserror::Error)]
pub enum SignatureError {
    /// The text is not a signature, or is not the signature of a receipt.
    #[error("not the signature of a receipt")]
    NotAReceipt,
    /// The key whose `kid` is in the header of the signature is not among the given keys.
    #[error("the key {0} is not among the given keys")]
    UnknownKey(String),
    /// The signature was not created with the key whose `kid` it contains, or the content was
    /// changed.
    #[error("the signature was not created with the key {0}, or the content was changed")]
    Mismatch(String),
}

impl TokenSigner {
    /// Signs `statement`, the content of a receipt, and returns it as a compact JWS (RFC 7515).
    ///
    /// # Errors
    /// Returns an error if signing fails.
    pub fn sign_receipt(&self, statement: &impl Serialize) -> Result<String, SignerError> {
        let header = Header {
            typ: Some(RECEIPT_TYPE.to_owned()),
            kid: Some(self.kid().to_owned()),
            ..Header::new(Algorithm::EdDSA)
        };
        Ok(jsonwebtoken::encode(&header, statement, self.key())?)
    }
}

/// The public keys with which the signatures of receipts are verified.
#[derive(Debug)]
pub struct ReceiptKeys(KeySet);

impl ReceiptKeys {
    /// Parses a JWKS (RFC 7517).
    ///
    /// # Errors
    /// Returns an error if the text is not a JWKS or has no usable key.
    pub fn parse(jwks: &str) -> Result<Self, KeyError> {
        KeySet::parse(jwks).map(Self)
    }

    /// Verifies a signature. Returns the signed statement and the `kid` of the key that signed it.
    ///
    /// # Errors
    /// Returns an error if the text is not a receipt, or none of the keys has signed it.
    pub fn verify<T: DeserializeOwned + Clone>(&self, signature: &str) -> Result<(T, String), SignatureError> {
        let header = decode_header(signature).map_err(|_| SignatureError::NotAReceipt)?;
        let is_receipt = header.typ.as_deref() == Some(RECEIPT_TYPE);
        let kid = header.kid.filter(|_| is_receipt).ok_or(SignatureError::NotAReceipt)?;
        let (algorithm, key) = self.0.get(&kid).ok_or_else(|| SignatureError::UnknownKey(kid.clone()))?;
        let mut validation = Validation::new(*algorithm);
        // Receipts have no audience and never expire.
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        match decode(signature, key, &validation) {
            Ok(data) => Ok((data.claims, kid)),
            Err(_) => Err(SignatureError::Mismatch(kid)),
        }
    }
}
