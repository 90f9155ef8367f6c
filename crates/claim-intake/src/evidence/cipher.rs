//! Encrypts the bytes of one document in chunks, so that any part of it can be read, and each chunk
//! is verified before its bytes are used.
//!
//! The construction is STREAM (crate `aead-stream`) with AES-256-GCM: the position of a chunk, and
//! whether it is the last one, are part of its nonce. So chunks cannot be changed, reordered,
//! removed or added. Each document has a key of its own.
use super::{EvidenceStoreError, objects::Damage};
use aead_stream::{
    NewStream as _, StreamBE32, StreamPrimitive as _,
    aead::{
        AeadCore, AeadInOut, Error, Nonce, Tag, TagPosition,
        consts::{U12, U16},
        inout::InOutBuf,
    },
};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce as AwsNonce, UnboundKey};
use std::sync::Arc;

/// The number of bytes of a document in one chunk.
pub(super) const CHUNK_BYTES: u64 = 64 << 10;
/// The number of bytes that encryption adds to a chunk.
const TAG_BYTES: u64 = 16;
/// The number of bytes of an encrypted chunk.
pub(super) const ENCRYPTED_CHUNK_BYTES: u64 = CHUNK_BYTES + TAG_BYTES;
/// The number of bytes of a key.
pub(super) const KEY_BYTES: usize = 32;

/// Encrypts and decrypts the chunks of one document. Cheap to clone.
#[derive(Clone)]
pub(crate) struct DocumentCipher(Arc<StreamBE32<Aes256Gcm>>);

impl DocumentCipher {
    /// Creates the cipher of a document from the document's key.
    pub(super) fn new(key: &[u8; KEY_BYTES]) -> Result<Self, EvidenceStoreError> {
        let key = UnboundKey::new(&AES_256_GCM, key).map_err(|_| EvidenceStoreError::Cipher)?;
        // No key is used for two documents, so the part of the nonce that names a stream is
        // constant.
        let stream = StreamBE32::from_aead(Aes256Gcm(LessSafeKey::new(key)), &Default::default());
        Ok(Self(Arc::new(stream)))
    }

    /// Encrypts the chunk at this position.
    pub(super) fn encrypt(&self, position: u32, is_last: bool, bytes: &[u8]) -> Result<Vec<u8>, EvidenceStoreError> {
        self.0.encrypt(position, is_last, bytes).map_err(|_| EvidenceStoreError::Cipher)
    }

    /// Decrypts the chunk at this position.
    pub(super) fn decrypt(&self, position: u32, is_last: bool, bytes: &[u8]) -> Result<Vec<u8>, EvidenceStoreError> {
        self.0.decrypt(position, is_last, bytes).map_err(|_| EvidenceStoreError::Damaged(Damage::Changed))
    }
}

/// Returns the position of the last chunk of a document with `size` bytes.
pub(super) fn last_position(size: u64) -> u64 {
    size.saturating_sub(1) / CHUNK_BYTES
}

/// Returns the number of encrypted bytes of a document with `size` bytes.
pub(super) fn encrypted_size(size: u64) -> u64 {
    size + (last_position(size) + 1) * TAG_BYTES
}

/// AES-256-GCM of aws-lc, for the crate `aead-stream`.
struct Aes256Gcm(LessSafeKey);

impl AeadCore for Aes256Gcm {
    type NonceSize = U12;
    type TagSize = U16;
    const TAG_POSITION: TagPosition = TagPosition::Postfix;
}

impl AeadInOut for Aes256Gcm {
    fn encrypt_inout_detached(
        &self,
        nonce: &Nonce<Self>,
        associated_data: &[u8],
        buffer: InOutBuf<'_, '_, u8>,
    ) -> Result<Tag<Self>, Error> {
        let (nonce, data) = (AwsNonce::assume_unique_for_key((*nonce).into()), Aad::from(associated_data));
        let tag = self.0.seal_in_place_separate_tag(nonce, data, buffer.into_out_with_copied_in());
        Tag::<Self>::try_from(tag.map_err(|_| Error)?.as_ref()).map_err(|_| Error)
    }

    fn decrypt_inout_detached(
        &self,
        nonce: &Nonce<Self>,
        associated_data: &[u8],
        buffer: InOutBuf<'_, '_, u8>,
        tag: &Tag<Self>,
    ) -> Result<(), Error> {
        let (nonce, data) = (AwsNonce::assume_unique_for_key((*nonce).into()), Aad::from(associated_data));
        let opened = self.0.open_in_place_separate_tag(nonce, data, tag, buffer.into_out_with_copied_in());
        opened.map(|_| ()).map_err(|_| Error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_is_bound_to_its_position_and_to_its_document() {
        let cipher = DocumentCipher::new(&[1; KEY_BYTES]).unwrap();
        let encrypted = cipher.encrypt(3, false, b"signed by the customer").unwrap();
        assert_eq!(cipher.decrypt(3, false, &encrypted).unwrap(), b"signed by the customer");
        assert!(cipher.decrypt(2, false, &encrypted).is_err());
        assert!(cipher.decrypt(3, true, &encrypted).is_err());
        assert!(DocumentCipher::new(&[2; KEY_BYTES]).unwrap().decrypt(3, false, &encrypted).is_err());
        for position in 0..encrypted.len() {
            let mut changed = encrypted.clone();
            changed[position] ^= 1;
            assert!(cipher.decrypt(3, false, &changed).is_err(), "{position}");
        }
    }

    /// The vector of AES-256-GCM with an empty message, a key and a nonce of zeros (NIST SP
    /// 800-38D, test case 13 of the specification), which shows that the nonce of STREAM is used as
    /// it is.
    #[test]
    fn the_first_chunk_that_is_not_last_has_a_nonce_of_zeros() {
        let cipher = DocumentCipher::new(&[0; KEY_BYTES]).unwrap();
        let tag = cipher.encrypt(0, false, b"").unwrap();
        assert_eq!(tag, 0x530f_8afb_c745_36b9_a963_b4f1_c4cb_738b_u128.to_be_bytes());
    }

    #[test]
    fn sizes_of_documents() {
        let sizes = [1, CHUNK_BYTES, CHUNK_BYTES + 1];
        assert_eq!(sizes.map(last_position), [0, 0, 1]);
        assert_eq!(sizes.map(encrypted_size), [17, CHUNK_BYTES + 16, CHUNK_BYTES + 1 + 32]);
    }
}
