//! Signatures of receipts and of roots. A receipt proves the history of a partner's claim, and can
//! be verified offline, at any time. A root is the hash of all histories at the end of a day.
//! Receipts and roots are signed with a key of their own: services do not accept tokens that are
//! signed with it, and receipts that are signed with another key are not valid.
use std::{path::Path, sync::Arc};

use jsonwebtoken::{Validation, decode, decode_header};
use serde::{Serialize, de::DeserializeOwned};

use super::{KeyError, jwks::KeySet, signing_key::SignerError, watched_key::WatchedKey};

/// The `typ` header of the signatures of receipts and roots.
pub(super) const RECEIPT_TYPE: &str = "cpor-receipt";
/// The first part of the `kid` (key id) of the keys that sign receipts and roots.
const RECEIPT_KEY_OWNER: &str = "receipts";

/// The reason why the signature of a receipt or root is not valid.
#[derive(Debug, thiserror::Error)]
pub enum SignatureError {
    /// The text is not a signature, or is not the signature of a receipt or root.
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

/// Signs receipts and roots. Clones share the key.
#[derive(Clone)]
pub struct ReceiptSigner(Arc<WatchedKey>);

impl std::fmt::Debug for ReceiptSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReceiptSigner").field("kid", &self.0.current().kid()).finish_non_exhaustive()
    }
}

impl ReceiptSigner {
    /// Generates a new key.
    ///
    /// # Errors
    /// Returns an error if the system has no source of randomness.
    pub fn generate() -> Result<Self, SignerError> {
        WatchedKey::generate(RECEIPT_KEY_OWNER).map(|key| Self(Arc::new(key)))
    }

    /// Reads the key from a PKCS#8 PEM file, and again when the file has changed.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read or does not contain an Ed25519 key.
    pub fn from_file(path: &Path) -> Result<Self, SignerError> {
        WatchedKey::open(path, RECEIPT_KEY_OWNER).map(|key| Self(Arc::new(key)))
    }

    /// Writes the key to a new PKCS#8 PEM file that only its owner can read.
    ///
    /// # Errors
    /// Returns an error if the file already exists or cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), SignerError> {
        self.0.current().save(path)
    }

    /// Returns the public half of the key as a JWKS (RFC 7517, RFC 8037). The `kid` begins with
    /// `receipts/`.
    #[must_use]
    pub fn jwks(&self) -> String {
        self.0.current().jwks()
    }

    /// Signs `statement`, the content of a receipt or a root, and returns it as a compact JWS (RFC
    /// 7515). Looks at the key file at most once a second.
    ///
    /// # Errors
    /// Returns an error if signing fails.
    pub fn sign(&self, statement: &impl Serialize) -> Result<String, SignerError> {
        self.0.reread();
        self.0.current().sign(RECEIPT_TYPE, statement)
    }
}

/// The public keys with which the signatures of receipts and roots are verified.
#[derive(Debug)]
pub struct ReceiptKeys(KeySet);

impl ReceiptKeys {
    /// Parses a JWKS (RFC 7517). Each `kid` must begin with `receipts/`, so that no key of a
    /// service can sign a receipt.
    ///
    /// # Errors
    /// Returns an error if the text is not a JWKS, has no usable key, or has a key that is not for
    /// receipts.
    pub fn parse(jwks: &str) -> Result<Self, KeyError> {
        let keys = KeySet::parse(jwks)?;
        let is_for_receipts = |kid: &str| kid.split_once('/').is_some_and(|(owner, _)| owner == RECEIPT_KEY_OWNER);
        if let Some(kid) = keys.kids().find(|kid| !is_for_receipts(kid)) {
            return Err(KeyError::NotForReceipts(kid.to_owned()));
        }
        Ok(Self(keys))
    }

    /// Verifies a signature. Returns the signed statement and the `kid` of the key that signed it.
    ///
    /// # Errors
    /// Returns an error if the text is not the signature of a receipt or root, or none of the keys
    /// has signed it.
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
