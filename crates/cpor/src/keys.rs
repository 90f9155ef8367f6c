//! The keys of a small installation: one for users' tokens, one for calls between services.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context as _;
use cpor_kit::auth::TokenSigner;
use cpor_types::{Clock, SystemClock};

/// The issuer that the private user key stands for.
pub const ISSUER: &str = "cpor";

/// Where `cpor dev` keeps the key that signs users' tokens.
#[must_use]
pub fn default_user_key() -> PathBuf {
    user_key(Path::new("cpor-data"))
}

/// The user key in a directory.
#[must_use]
pub fn user_key(directory: &Path) -> PathBuf {
    directory.join("user.pem")
}

/// The service key in a directory.
#[must_use]
pub fn service_key(directory: &Path) -> PathBuf {
    directory.join("service.pem")
}

/// The public part of the user key.
#[must_use]
pub fn jwks(directory: &Path) -> PathBuf {
    directory.join("jwks.json")
}

/// The public part of the service key, by which receipts are verified.
#[must_use]
pub fn receipt_jwks(directory: &Path) -> PathBuf {
    directory.join("receipt-jwks.json")
}

/// The signer that a key file makes.
///
/// # Errors
/// When it cannot be read.
pub fn signer(key: &Path, issuer: &str) -> anyhow::Result<TokenSigner> {
    TokenSigner::from_file(key, issuer, clock()).with_context(|| format!("the signing key {}", key.display()))
}

/// Makes what is not there yet: `service.pem`, `user.pem`, and their public `receipt-jwks.json` and `jwks.json`. A `service.pem` that is new to
/// `receipt-jwks.json` is put first in it, and the keys of before stay: receipts were signed with them. Answers what was made or changed.
///
/// # Errors
/// When a file cannot be read or written.
pub fn make_missing(directory: &Path) -> anyhow::Result<Vec<PathBuf>> {
    fs::create_dir_all(directory).with_context(|| format!("cannot create {}", directory.display()))?;
    let mut made = Vec::new();
    for path in [service_key(directory), user_key(directory)] {
        if !path.exists() {
            TokenSigner::generate(ISSUER, clock())?.save(&path)?;
            made.push(path);
        }
    }
    let public = jwks(directory);
    if !public.exists() {
        write(&public, &signer(&user_key(directory), ISSUER)?.jwks())?;
        made.push(public);
    }
    let public = receipt_jwks(directory);
    let keys = signer(&service_key(directory), ISSUER)?.jwks();
    if let Some(keys) = published(&public, &keys)? {
        write(&public, &keys)?;
        made.push(public);
    }
    Ok(made)
}

/// The JWKS with the key of `current` before those that are in the file; `None` where it is among them.
fn published(file: &Path, current: &str) -> anyhow::Result<Option<String>> {
    if !file.exists() {
        return Ok(Some(current.to_owned()));
    }
    let unusable = || format!("{} is no JWKS", file.display());
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut known: serde_json::Value = serde_json::from_str(&text).with_context(unusable)?;
    let keys = known.get_mut("keys").and_then(serde_json::Value::as_array_mut).with_context(unusable)?;
    let current: serde_json::Value = serde_json::from_str(current)?;
    let key = &current["keys"][0];
    if keys.contains(key) {
        return Ok(None);
    }
    keys.insert(0, key.clone());
    Ok(Some(known.to_string()))
}

/// In one step: the file may hold the only copy of keys that earlier receipts need.
fn write(file: &Path, keys: &str) -> anyhow::Result<()> {
    let new = file.with_extension("json.new");
    fs::write(&new, keys)
        .and_then(|()| fs::rename(&new, file))
        .with_context(|| format!("cannot write {}", file.display()))
}

/// Tokens are signed and expire in real time.
fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_service_key_is_published_beside_those_of_before() {
        let folder = tempfile::tempdir().unwrap();
        make_missing(folder.path()).unwrap();
        let first = fs::read_to_string(receipt_jwks(folder.path())).unwrap();
        assert_eq!(make_missing(folder.path()).unwrap(), Vec::<PathBuf>::new(), "nothing is missing");
        fs::remove_file(service_key(folder.path())).unwrap();
        let made = make_missing(folder.path()).unwrap();
        assert_eq!(made, [service_key(folder.path()), receipt_jwks(folder.path())]);
        let both: serde_json::Value =
            serde_json::from_str(&fs::read_to_string(receipt_jwks(folder.path())).unwrap()).unwrap();
        let first: serde_json::Value = serde_json::from_str(&first).unwrap();
        let new: serde_json::Value =
            serde_json::from_str(&signer(&service_key(folder.path()), ISSUER).unwrap().jwks()).unwrap();
        assert_eq!(both["keys"], serde_json::json!([new["keys"][0], first["keys"][0]]));
        assert_eq!(make_missing(folder.path()).unwrap(), Vec::<PathBuf>::new());
    }
}
