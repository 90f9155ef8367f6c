//! A signing key that is read again when its file has changed, so that it can be replaced without a
//! restart.
use std::{
    path::Path,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use cpor_process::WatchedFile;

use super::signing_key::{SignerError, SigningKey};

/// The time after which a changed key file is noticed, if the key is used.
const REREAD_INTERVAL: Duration = Duration::from_secs(1);

/// The present signing key, and the file that it was read from. The type has no `Debug`, so that
/// the key is never printed.
pub(super) struct WatchedKey {
    /// The first part of the key id: the name of a service, or `receipts`.
    owner: &'static str,
    current: RwLock<Arc<SigningKey>>,
    /// The file from which the key is read again when it has changed. `None` for a generated key.
    file: Option<WatchedFile>,
}

impl WatchedKey {
    /// Generates a new key of `owner`. It never changes.
    pub(super) fn generate(owner: &'static str) -> Result<Self, SignerError> {
        Ok(Self::new(owner, SigningKey::generate(owner)?, None))
    }

    /// Reads the key of `owner` from a PKCS#8 PEM file.
    pub(super) fn open(path: &Path, owner: &'static str) -> Result<Self, SignerError> {
        let opened = WatchedFile::open(path);
        let (file, text) = opened.map_err(|source| SignerError::File { path: path.to_owned(), source })?;
        Ok(Self::new(owner, SigningKey::from_pem(&text, owner)?, Some(file)))
    }

    fn new(owner: &'static str, key: SigningKey, file: Option<WatchedFile>) -> Self {
        Self { owner, current: RwLock::new(Arc::new(key)), file }
    }

    /// Returns the key that was read last.
    pub(super) fn current(&self) -> Arc<SigningKey> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces the key if its file has changed. Returns true if there is a new key. A file without
    /// a usable key is logged and ignored.
    pub(super) fn reread(&self) -> bool {
        let Some(file) = &self.file else { return false };
        let mut is_new = false;
        file.load_if_changed(REREAD_INTERVAL, |text| match SigningKey::from_pem(text, self.owner) {
            Ok(key) => {
                tracing::info!(kid = key.kid(), "there is a new signing key");
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(key);
                is_new = true;
            }
            Err(error) => tracing::error!(owner = self.owner, %error, "the new signing key cannot be used"),
        });
        is_new
    }
}
