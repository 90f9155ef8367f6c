//! The keys of the installation, with which the keys of the documents are encrypted. All replicas
//! load them from the file of the setting `evidence_keys_file`.
//!
//! Each document is encrypted with a key of its own. That key is stored beside the document's data,
//! encrypted (*wrapped*) with a key of the installation. So a key of the installation can be
//! replaced without writing any document anew.
use super::{
    EvidenceStoreError,
    cipher::{DocumentCipher, KEY_BYTES},
    objects::Damage,
};
use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use cpor_process::private_files;
use cpor_types::{Entropy, EvidenceId};
use serde::Deserialize;
use std::{io::ErrorKind, path::Path, sync::Arc};

/// The number of bytes of a nonce, with which a wrapped key begins.
const NONCE_BYTES: usize = 12;
/// The id of the key in a file that is created.
const FIRST_ID: &str = "1";

/// The keys of the installation. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct EvidenceKeys {
    /// The keys in the order of the file. The first one encrypts, and all decrypt.
    keys: Arc<Vec<EvidenceKey>>,
    /// The ids of keys that are lost for good.
    lost: Arc<Vec<String>>,
}

/// A key of the installation.
#[derive(Debug)]
struct EvidenceKey {
    /// The id of the key in the file.
    id: String,
    key: RandomizedNonceKey,
}

/// The key of a document, encrypted with a key of the installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WrappedKey {
    /// The id of the key of the installation.
    pub(crate) key_id: String,
    /// The nonce, and the encrypted key of the document.
    pub(crate) bytes: Vec<u8>,
}

/// The reason why the keys cannot be loaded. It contains no key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeysError {
    /// The file cannot be read or created.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The file has no key, a key twice, or a key of the wrong size.
    #[error("must contain `[[keys]]` with different `id`s, and as `key` 32 random bytes in Base64")]
    Malformed,
}

/// The content of the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeysFile {
    keys: Vec<KeyEntry>,
}

/// A key of the installation, as the file contains it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyEntry {
    id: String,
    /// The bytes of the key in Base64.
    key: String,
}

impl EvidenceKeys {
    /// Loads the keys from a file. The first one encrypts, and all decrypt.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read or is malformed.
    pub(crate) fn load(file: &Path) -> Result<Self, KeysError> {
        Self::parse(&std::fs::read_to_string(file)?)
    }

    /// Loads the keys from a file, after creating the file with one key if it does not exist.
    ///
    /// # Errors
    /// Returns an error if the file cannot be created or read, or is malformed.
    pub(crate) fn load_or_create(file: &Path, entropy: &dyn Entropy) -> Result<Self, KeysError> {
        if !file.exists() {
            let text = format!(
                "# The keys that encrypt the documents. Without them no document can be read.\n\
                 # The first key encrypts, and all decrypt.\n\
                 [[keys]]\nid = \"{FIRST_ID}\"\nkey = \"{}\"\n",
                STANDARD.encode(entropy.secret())
            );
            // Replicas can start at the same time. The file of the first one is kept.
            let own_file = file.with_extension(format!("{}.new", std::process::id()));
            private_files::write_file(&own_file, text.as_bytes())?;
            let linked = std::fs::hard_link(&own_file, file);
            std::fs::remove_file(&own_file)?;
            linked.or_else(|error| if error.kind() == ErrorKind::AlreadyExists { Ok(()) } else { Err(error) })?;
        }
        Self::load(file)
    }

    /// Parses the content of the file.
    fn parse(text: &str) -> Result<Self, KeysError> {
        let file: KeysFile = toml::from_str(text).map_err(|_| KeysError::Malformed)?;
        let mut keys: Vec<EvidenceKey> = Vec::with_capacity(file.keys.len());
        for KeyEntry { id, key } in file.keys {
            let key = STANDARD.decode(key.trim()).map_err(|_| KeysError::Malformed)?;
            let key = RandomizedNonceKey::new(&AES_256_GCM, &key).map_err(|_| KeysError::Malformed)?;
            if id.is_empty() || keys.iter().any(|known| known.id == id) {
                return Err(KeysError::Malformed);
            }
            keys.push(EvidenceKey { id, key });
        }
        if keys.is_empty() {
            Err(KeysError::Malformed)
        } else {
            Ok(Self { keys: Arc::new(keys), lost: Arc::default() })
        }
    }

    /// Returns these keys with the ids of those that are lost for good.
    pub(crate) fn with_lost_keys(self, lost: Vec<String>) -> Self {
        Self { lost: Arc::new(lost), ..self }
    }

    /// Returns whether this key is lost for good.
    pub(super) fn is_lost(&self, id: &str) -> bool {
        self.lost.iter().any(|lost| lost == id)
    }

    /// Returns the id of the key that encrypts.
    pub(crate) fn current_key_id(&self) -> &str {
        self.keys.first().map_or("", |key| &key.id)
    }

    /// Returns whether there is a key with this id.
    pub(crate) fn contains(&self, id: &str) -> bool {
        self.keys.iter().any(|key| key.id == id)
    }

    /// Creates the key of a document. Returns it wrapped, to be stored, and as a cipher.
    ///
    /// # Errors
    /// Returns an error if the cryptographic library fails.
    pub(crate) fn create_document_key(
        &self,
        document: EvidenceId,
        entropy: &dyn Entropy,
    ) -> Result<(WrappedKey, DocumentCipher), EvidenceStoreError> {
        let key: [u8; KEY_BYTES] = entropy.secret();
        Ok((self.wrap_key(document, &key)?, DocumentCipher::new(&key)?))
    }

    /// Returns the cipher of a document.
    ///
    /// # Errors
    /// Returns an error if the key does not belong to the document or was changed, or if the key of
    /// the installation that wraps it is missing.
    pub(crate) fn open(&self, document: EvidenceId, key: &WrappedKey) -> Result<DocumentCipher, EvidenceStoreError> {
        DocumentCipher::new(&self.unwrap_key(document, key)?)
    }

    /// Wraps the key of a document with the current key of the installation.
    ///
    /// # Errors
    /// Returns the errors of [`Self::open`].
    pub(crate) fn rewrap(&self, document: EvidenceId, key: &WrappedKey) -> Result<WrappedKey, EvidenceStoreError> {
        self.wrap_key(document, &self.unwrap_key(document, key)?)
    }

    /// Encrypts the key of a document with the current key of the installation.
    fn wrap_key(&self, document: EvidenceId, key: &[u8; KEY_BYTES]) -> Result<WrappedKey, EvidenceStoreError> {
        let EvidenceKey { id, key: wrapping_key } = self.keys.first().ok_or(EvidenceStoreError::Cipher)?;
        let mut sealed = key.to_vec();
        let nonce = wrapping_key.seal_in_place_append_tag(associated_data(document), &mut sealed);
        let nonce = nonce.map_err(|_| EvidenceStoreError::Cipher)?;
        Ok(WrappedKey { key_id: id.clone(), bytes: [nonce.as_ref().as_slice(), &sealed].concat() })
    }

    /// Decrypts the key of a document with the key of the installation that wraps it.
    fn unwrap_key(&self, document: EvidenceId, key: &WrappedKey) -> Result<[u8; KEY_BYTES], EvidenceStoreError> {
        let damaged = || EvidenceStoreError::Damaged(Damage::Key);
        let wrapping_key = self.keys.iter().find(|known| known.id == key.key_id);
        let wrapping_key = wrapping_key.ok_or_else(|| match self.is_lost(&key.key_id) {
            true => EvidenceStoreError::LostKey(key.key_id.clone()),
            false => EvidenceStoreError::UnknownKey(key.key_id.clone()),
        })?;
        let (nonce, sealed) = key.bytes.split_at_checked(NONCE_BYTES).ok_or_else(damaged)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| damaged())?;
        let mut sealed = sealed.to_vec();
        let opened =
            wrapping_key.key.open_in_place(nonce, associated_data(document), &mut sealed).map_err(|_| damaged())?;
        <[u8; KEY_BYTES]>::try_from(&*opened).map_err(|_| damaged())
    }
}

/// Returns the associated data with which the key of a document is encrypted: the document's id. So
/// a wrapped key cannot be used for another document.
fn associated_data(document: EvidenceId) -> Aad<[u8; 16]> {
    Aad::from(*document.0.as_bytes())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use cpor_types::SeededEntropy;
    use uuid::Uuid;

    const DOCUMENT: EvidenceId = EvidenceId(Uuid::from_u128(1));

    /// Returns keys with these ids. The same id is always the same key.
    pub(in crate::evidence) fn keys(ids: &[&str]) -> Result<EvidenceKeys, KeysError> {
        let entry = |id: &&str| {
            let key = STANDARD.encode([id.bytes().next().unwrap_or_default(); KEY_BYTES]);
            format!("[[keys]]\nid = \"{id}\"\nkey = \"{key}\"\n")
        };
        EvidenceKeys::parse(&ids.iter().map(entry).collect::<String>())
    }

    #[test]
    fn a_wrapped_key_belongs_to_its_document() {
        let keys = keys(&["a"]).unwrap();
        let (wrapped, cipher) = keys.create_document_key(DOCUMENT, &SeededEntropy::new(1)).unwrap();
        let encrypted = cipher.encrypt(0, true, b"proof").unwrap();
        assert_eq!(keys.open(DOCUMENT, &wrapped).unwrap().decrypt(0, true, &encrypted).unwrap(), b"proof");
        let other = EvidenceId(Uuid::from_u128(2));
        assert!(matches!(keys.open(other, &wrapped), Err(EvidenceStoreError::Damaged(Damage::Key))));
        let short = WrappedKey { bytes: wrapped.bytes[..5].to_vec(), ..wrapped };
        assert!(matches!(keys.open(DOCUMENT, &short), Err(EvidenceStoreError::Damaged(Damage::Key))));
    }

    #[test]
    fn the_first_key_encrypts_and_all_decrypt() {
        let (old, both, new) = (keys(&["a"]).unwrap(), keys(&["b", "a"]).unwrap(), keys(&["b"]).unwrap());
        let (wrapped, cipher) = old.create_document_key(DOCUMENT, &SeededEntropy::new(1)).unwrap();
        let encrypted = cipher.encrypt(0, true, b"proof").unwrap();
        assert!(matches!(new.open(DOCUMENT, &wrapped), Err(EvidenceStoreError::UnknownKey(id)) if id == "a"));
        let rewrapped = both.rewrap(DOCUMENT, &wrapped).unwrap();
        assert_eq!(rewrapped.key_id, "b");
        assert_eq!(new.open(DOCUMENT, &rewrapped).unwrap().decrypt(0, true, &encrypted).unwrap(), b"proof");
    }

    #[test]
    fn a_file_is_created_once_and_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keys.toml");
        let created = EvidenceKeys::load_or_create(&file, &SeededEntropy::new(1)).unwrap();
        let (wrapped, _) = created.create_document_key(DOCUMENT, &SeededEntropy::new(2)).unwrap();
        let loaded = EvidenceKeys::load_or_create(&file, &SeededEntropy::new(3)).unwrap();
        loaded.open(DOCUMENT, &wrapped).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        #[cfg(unix)]
        {
            let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(&file).unwrap());
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn malformed_files_are_refused() {
        let text = |key: &str| EvidenceKeys::parse(&format!("[[keys]]\nid = \"a\"\nkey = \"{key}\"\n"));
        let errors = [keys(&[]), keys(&["a", "a"]), keys(&[""]), text("AAAA"), text("???"), EvidenceKeys::parse("x")];
        for error in errors {
            assert!(matches!(error, Err(KeysError::Malformed)), "{error:?}");
        }
    }
}
