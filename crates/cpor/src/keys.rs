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
pub fn service_jwks(directory: &Path) -> PathBuf {
    directory.join("service-jwks.json")
}

/// The signer that a key file makes.
///
/// # Errors
/// When it cannot be read.
pub fn signer(key: &Path, issuer: &str) -> anyhow::Result<TokenSigner> {
    TokenSigner::from_file(key, issuer, clock()).with_context(|| format!("the signing key {}", key.display()))
}

/// Makes what is not there yet: `service.pem`, `user.pem`, and their public `service-jwks.json` and `jwks.json`. Answers what was made.
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
    let pairs = [(service_key(directory), service_jwks(directory)), (user_key(directory), jwks(directory))];
    for (key, public) in pairs {
        if !public.exists() {
            let signer = signer(&key, ISSUER)?;
            fs::write(&public, signer.jwks()).with_context(|| format!("cannot write {}", public.display()))?;
            made.push(public);
        }
    }
    Ok(made)
}

/// Tokens are signed and expire in real time.
fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}
