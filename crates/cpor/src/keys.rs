//! The signing keys of an installation without an identity provider of its own: one for users'
//! tokens, and one for calls between services and for receipts (proofs of the history of a claim).
//! All keys are files in one folder.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context as _;
use cpor_auth::TokenSigner;
use cpor_process::private_files;
use cpor_types::{Clock, SystemClock, SystemEntropy};

/// The issuer (`iss`) of tokens that are signed with the user key.
pub const ISSUER: &str = "cpor";

/// Returns the file of the user key in the default data directory of `cpor dev`.
#[must_use]
pub fn default_user_key_file() -> PathBuf {
    user_key_file(Path::new("cpor-data"))
}

/// Returns the file of the user key: the private key that signs users' tokens, in PEM.
#[must_use]
pub fn user_key_file(directory: &Path) -> PathBuf {
    directory.join("user.pem")
}

/// Returns the file of the service key: the private key that signs calls between services and
/// receipts, in PEM.
#[must_use]
pub fn service_key_file(directory: &Path) -> PathBuf {
    directory.join("service.pem")
}

/// Returns the file of the JWKS with the public user key.
#[must_use]
pub fn jwks_file(directory: &Path) -> PathBuf {
    directory.join("jwks.json")
}

/// Returns the file of the JWKS with the public service keys, which verify receipts.
#[must_use]
pub fn receipt_jwks_file(directory: &Path) -> PathBuf {
    directory.join("receipt-jwks.json")
}

/// Returns the file of the keys that seal the sessions of the consent page.
#[must_use]
pub fn session_keys_file(directory: &Path) -> PathBuf {
    directory.join("consent-sessions")
}

/// Loads a private key for signing tokens of an issuer.
///
/// # Errors
/// Returns an error if the file cannot be read or is not a private key in PKCS#8 PEM.
pub fn signer(key: &Path, issuer: &str) -> anyhow::Result<TokenSigner> {
    TokenSigner::from_file(key, issuer, clock()).with_context(|| format!("the signing key {}", key.display()))
}

/// Creates the files that do not exist: the private keys `service.pem` and `user.pem`, the keys
/// `consent-sessions` for the sessions of the consent page, and the JWKS files `receipt-jwks.json`
/// and `jwks.json` with the public keys. Returns the files that it created or changed.
///
/// If `receipt-jwks.json` lacks the key of `service.pem`, the key is added as the first one. Older
/// keys stay in the file, because earlier receipts are signed with them.
///
/// # Errors
/// Returns an error if a file cannot be read or written.
pub fn create_missing(directory: &Path) -> anyhow::Result<Vec<PathBuf>> {
    private_files::create_directory(directory).with_context(|| format!("cannot create {}", directory.display()))?;
    let mut changed = Vec::new();
    for path in [service_key_file(directory), user_key_file(directory)] {
        if !path.exists() {
            TokenSigner::generate(ISSUER, clock())?.save(&path)?;
            changed.push(path);
        }
    }
    let sessions = session_keys_file(directory);
    if !sessions.exists() {
        cpor_customer_consent::create_session_keys(&sessions, &SystemEntropy)?;
        changed.push(sessions);
    }
    let public = jwks_file(directory);
    if !public.exists() {
        write(&public, &signer(&user_key_file(directory), ISSUER)?.jwks())?;
        changed.push(public);
    }
    let public = receipt_jwks_file(directory);
    let keys = signer(&service_key_file(directory), ISSUER)?.jwks();
    if let Some(keys) = add_key(&public, &keys)? {
        write(&public, &keys)?;
        changed.push(public);
    }
    Ok(changed)
}

/// Returns the JWKS in the file, with the key of the JWKS `current` added in the first place.
/// Returns `None` if the file contains the key already.
fn add_key(file: &Path, current: &str) -> anyhow::Result<Option<String>> {
    if !file.exists() {
        return Ok(Some(current.to_owned()));
    }
    let not_a_jwks = || format!("{} is not a JWKS", file.display());
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut jwks: serde_json::Value = serde_json::from_str(&text).with_context(not_a_jwks)?;
    let keys = jwks.get_mut("keys").and_then(serde_json::Value::as_array_mut).with_context(not_a_jwks)?;
    let current: serde_json::Value = serde_json::from_str(current)?;
    let key = &current["keys"][0];
    if keys.contains(key) {
        return Ok(None);
    }
    keys.insert(0, key.clone());
    Ok(Some(jwks.to_string()))
}

/// Replaces a file atomically, because it can contain the only copy of keys that verify earlier
/// receipts.
fn write(file: &Path, keys: &str) -> anyhow::Result<()> {
    let new = file.with_extension("json.new");
    fs::write(&new, keys)
        .and_then(|()| fs::rename(&new, file))
        .with_context(|| format!("cannot write {}", file.display()))
}

/// Returns the clock for the times in tokens: the machine's clock, and never a virtual clock.
fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_service_key_is_added_to_the_earlier_ones() {
        let folder = tempfile::tempdir().unwrap();
        create_missing(folder.path()).unwrap();
        let first = fs::read_to_string(receipt_jwks_file(folder.path())).unwrap();
        assert_eq!(create_missing(folder.path()).unwrap(), Vec::<PathBuf>::new(), "all files exist");
        fs::remove_file(service_key_file(folder.path())).unwrap();
        let changed = create_missing(folder.path()).unwrap();
        assert_eq!(changed, [service_key_file(folder.path()), receipt_jwks_file(folder.path())]);
        let both: serde_json::Value =
            serde_json::from_str(&fs::read_to_string(receipt_jwks_file(folder.path())).unwrap()).unwrap();
        let first: serde_json::Value = serde_json::from_str(&first).unwrap();
        let new: serde_json::Value =
            serde_json::from_str(&signer(&service_key_file(folder.path()), ISSUER).unwrap().jwks()).unwrap();
        assert_eq!(both["keys"], serde_json::json!([new["keys"][0], first["keys"][0]]));
        assert_eq!(create_missing(folder.path()).unwrap(), Vec::<PathBuf>::new());
    }
}
