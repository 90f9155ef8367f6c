//! Ed25519 keys that sign tokens and receipts, and their PEM files.
use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

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

/// A private Ed25519 key with its key id. The type has no `Debug`, so that the key is never
/// printed.
pub(super) struct SigningKey {
    /// The private key in PKCS#8 DER.
    pkcs8: Vec<u8>,
    /// The public key, 32 bytes.
    public: Vec<u8>,
    /// The private key in the form that signing needs.
    encoding: EncodingKey,
    /// The key id. It begins with `owner` and a slash, if the key has an owner, and ends with the
    /// beginning of the SHA-256 hash of the public key.
    kid: String,
}

impl SigningKey {
    /// Generates a new key. `owner` becomes the first part of the key id; it may be empty.
    pub(super) fn generate(owner: &str) -> Result<Self, SignerError> {
        let pair = Ed25519KeyPair::generate().map_err(|_| SignerError::Key)?;
        let pkcs8 = pair.to_pkcs8v1().map_err(|_| SignerError::Key)?;
        Self::from_pkcs8(pkcs8.as_ref().to_vec(), owner)
    }

    /// Reads the key of `owner` from a PKCS#8 PEM file.
    pub(super) fn read(path: &Path, owner: &str) -> Result<Self, SignerError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| SignerError::File { path: path.to_owned(), source })?;
        Self::from_pem(&text, owner)
    }

    /// Parses the key of `owner` in PKCS#8 PEM.
    pub(super) fn from_pem(text: &str, owner: &str) -> Result<Self, SignerError> {
        Self::from_pkcs8(decode_pem(text).ok_or(SignerError::Key)?, owner)
    }

    fn from_pkcs8(pkcs8: Vec<u8>, owner: &str) -> Result<Self, SignerError> {
        let pair = Ed25519KeyPair::from_pkcs8(&pkcs8).map_err(|_| SignerError::Key)?;
        let public = pair.public_key().as_ref().to_vec();
        let hash = URL_SAFE_NO_PAD.encode(&Sha256::digest(&public)[..12]);
        let kid = if owner.is_empty() { hash } else { format!("{owner}/{hash}") };
        let encoding = EncodingKey::from_ed_der(&pkcs8);
        Ok(Self { pkcs8, public, encoding, kid })
    }

    /// Writes the key to a new PKCS#8 PEM file that only its owner can read.
    pub(super) fn save(&self, path: &Path) -> Result<(), SignerError> {
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let result = options.open(path).and_then(|mut file| file.write_all(encode_pem(&self.pkcs8).as_bytes()));
        result.map_err(|source| SignerError::File { path: path.to_owned(), source })
    }

    /// Returns the public half of the key as a JWKS (RFC 7517, RFC 8037).
    pub(super) fn jwks(&self) -> String {
        let key = serde_json::json!({
            "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA",
            "kid": self.kid, "x": URL_SAFE_NO_PAD.encode(&self.public),
        });
        serde_json::json!({ "keys": [key] }).to_string()
    }

    pub(super) fn kid(&self) -> &str {
        &self.kid
    }

    /// Signs `claims` and returns them as a compact JWS (RFC 7515) with this `typ`.
    pub(super) fn sign(&self, typ: &str, claims: &impl Serialize) -> Result<String, SignerError> {
        let header = Header { typ: Some(typ.to_owned()), kid: Some(self.kid.clone()), ..Header::new(Algorithm::EdDSA) };
        Ok(jsonwebtoken::encode(&header, claims, &self.encoding)?)
    }
}

/// Returns one JWKS with the keys of all given ones. Texts that are not a JWKS are left out.
#[must_use]
pub fn join_jwks<'a>(sets: impl IntoIterator<Item = &'a str>) -> String {
    let keys = |set: &str| serde_json::from_str::<serde_json::Value>(set).ok()?.get("keys")?.as_array().cloned();
    let keys: Vec<_> = sets.into_iter().filter_map(keys).flatten().collect();
    serde_json::json!({ "keys": keys }).to_string()
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
