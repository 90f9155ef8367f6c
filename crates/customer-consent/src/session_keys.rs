//! The keys that seal the sessions of the consent page. They are stored in a file with one key per
//! line: an id and 32 random bytes in Base64, separated by a blank. The first key seals new
//! sessions, and every key opens sessions that it has sealed. To rotate, add a new first line, and
//! remove the old line when its sessions have ended.

use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use cpor_types::Entropy;

/// The reason why the keys cannot be used. It contains no key.
#[derive(Debug, thiserror::Error)]
pub enum SessionKeysError {
    /// The file cannot be read or created.
    #[error("cannot use the file {path}: {source}", path = .path.display())]
    File {
        /// The path of the file.
        path: PathBuf,
        /// The I/O error.
        source: std::io::Error,
    },
    /// A line of the file is not a key, or the file contains no key.
    #[error("{path}: each line must have an id of letters and digits, a blank, and 32 bytes in Base64", path = .path.display())]
    Malformed {
        /// The path of the file.
        path: PathBuf,
    },
}

/// Seals and opens short texts with AES-256-GCM.
pub(crate) struct SessionKeys {
    /// The key that seals.
    current: SessionKey,
    /// The keys that only open.
    older: Vec<SessionKey>,
}

struct SessionKey {
    id: String,
    key: RandomizedNonceKey,
}

impl SessionKeys {
    /// Reads the keys from a file.
    pub(crate) fn load(path: &Path) -> Result<Self, SessionKeysError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| SessionKeysError::File { path: path.to_owned(), source })?;
        Self::parse(&text).ok_or_else(|| SessionKeysError::Malformed { path: path.to_owned() })
    }

    /// Reads the keys from a file. Creates the file with one key if it does not exist.
    pub(crate) fn load_or_create(path: &Path, entropy: &dyn Entropy) -> Result<Self, SessionKeysError> {
        match create_session_keys(path, entropy) {
            Err(SessionKeysError::File { source, .. }) if source.kind() == ErrorKind::AlreadyExists => {}
            created => created?,
        }
        Self::load(path)
    }

    fn parse(text: &str) -> Option<Self> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let mut keys = lines.map(SessionKey::parse).collect::<Option<Vec<_>>>()?.into_iter();
        Some(Self { current: keys.next()?, older: keys.collect() })
    }

    /// Seals `content`. The same `purpose`, which the result does not contain, is needed to open
    /// it. The result has only characters that a cookie can contain. Returns `None` if the sealing
    /// fails, for example because the system cannot produce random numbers.
    pub(crate) fn seal(&self, purpose: &str, content: &[u8]) -> Option<String> {
        let SessionKey { id, key } = &self.current;
        let mut sealed = content.to_vec();
        let nonce = key.seal_in_place_append_tag(Aad::from(purpose), &mut sealed).ok()?;
        let sealed = [nonce.as_ref().as_slice(), &sealed].concat();
        Some(format!("{id}.{}", URL_SAFE_NO_PAD.encode(sealed)))
    }

    /// Returns the content that was sealed for this purpose. Returns `None` if the text was not
    /// sealed by one of the keys.
    pub(crate) fn open(&self, purpose: &str, text: &str) -> Option<Vec<u8>> {
        let (id, sealed) = text.split_once('.')?;
        let SessionKey { key, .. } = std::iter::once(&self.current).chain(&self.older).find(|key| key.id == id)?;
        let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut content = sealed.to_vec();
        Some(key.open_in_place(nonce, Aad::from(purpose), &mut content).ok()?.to_vec())
    }
}

impl SessionKey {
    fn parse(line: &str) -> Option<Self> {
        let (id, key) = line.split_once(char::is_whitespace)?;
        let is_id = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let key = RandomizedNonceKey::new(&AES_256_GCM, &STANDARD.decode(key.trim()).ok()?).ok()?;
        is_id.then(|| Self { id: id.to_owned(), key })
    }
}

/// Creates a file with one key for the sessions of the consent page, which only its owner can read.
///
/// # Errors
/// Returns [`SessionKeysError::File`] if the file exists or cannot be written.
pub fn create_session_keys(path: &Path, entropy: &dyn Entropy) -> Result<(), SessionKeysError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // The id only has to differ from those of the other keys in the file.
    let line = format!("{} {}\n", entropy.uuid().simple(), STANDARD.encode(entropy.secret()));
    let written = options.open(path).and_then(|mut file| file.write_all(line.as_bytes()));
    written.map_err(|source| SessionKeysError::File { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use cpor_types::SystemEntropy;

    use super::*;

    fn line(id: &str) -> String {
        format!("{id} {}\n", STANDARD.encode(SystemEntropy.secret()))
    }

    fn keys(text: &str) -> SessionKeys {
        SessionKeys::parse(text).unwrap()
    }

    #[test]
    fn older_keys_open_and_the_first_key_seals() {
        let (old, new) = (line("a"), line("b"));
        let sealed = keys(&old).seal("page", b"content").unwrap();
        let rotated = keys(&format!("{new}{old}"));
        assert_eq!(rotated.open("page", &sealed).as_deref(), Some(b"content".as_slice()));
        let sealed_again = rotated.seal("page", b"content").unwrap();
        assert!(sealed_again.starts_with("b."), "{sealed_again}");
        assert_eq!(keys(&new).open("page", &sealed_again).as_deref(), Some(b"content".as_slice()));
        assert_eq!(keys(&new).open("page", &sealed), None, "a removed key opens nothing");
    }

    #[test]
    fn changed_texts_and_other_purposes_are_refused() {
        let keys = keys(&line("a"));
        let sealed = keys.seal("page", b"content").unwrap();
        assert_eq!(keys.open("other", &sealed), None);
        for position in 2..sealed.len() {
            let mut changed = sealed.clone().into_bytes();
            changed[position] = if changed[position] == b'A' { b'Q' } else { b'A' };
            assert_eq!(keys.open("page", &String::from_utf8(changed).unwrap()), None, "{position}");
        }
        for text in ["", ".", "a.", "a.AAAA", "b.AAAA", &sealed[..sealed.len() - 2]] {
            assert_eq!(keys.open("page", text), None, "{text}");
        }
        assert_ne!(keys.seal("page", b"content").unwrap(), sealed, "each sealed text is different");
    }

    #[test]
    fn the_file_is_created_once_and_checked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        let sealed = SessionKeys::load_or_create(&path, &SystemEntropy).unwrap().seal("page", b"x").unwrap();
        assert!(SessionKeys::load_or_create(&path, &SystemEntropy).unwrap().open("page", &sealed).is_some());
        #[cfg(unix)]
        assert_eq!(
            std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions()) & 0o777,
            0o600
        );
        for text in ["", "a", "a AAAA", "a.b AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="] {
            std::fs::write(&path, text).unwrap();
            let error = SessionKeys::load(&path).err().unwrap().to_string();
            assert!(error.contains("32 bytes in Base64"), "{error}");
        }
        assert!(matches!(SessionKeys::load(&folder.path().join("none")), Err(SessionKeysError::File { .. })));
    }
}
