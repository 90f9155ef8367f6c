//! Receives the bytes of a document. The bytes are counted, hashed and examined while they stream
//! to the evidence store, with bounded memory.
use super::{
    kind::HeadAndTail,
    objects::{EvidenceStore, EvidenceStoreError, ObjectWriter},
};
use crate::domain::EvidenceKind;
use bytes::Bytes;
use cpor_types::EvidenceId;
use sha2::{Digest as _, Sha256};

/// The reason why an upload fails.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UploadError {
    /// The document is not acceptable.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The evidence store failed.
    #[error(transparent)]
    Store(#[from] EvidenceStoreError),
}

/// The reason why a document is not acceptable (R14).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DocumentError {
    /// The document has no bytes.
    #[error("the document is empty")]
    Empty,
    /// The document has more bytes than the policy allows.
    #[error("the document is too large: at most {limit_bytes} bytes")]
    TooLarge {
        /// The maximum number of bytes.
        limit_bytes: u64,
    },
    /// The document is not one of the accepted kinds.
    #[error("the document must be a PDF, DOCX, XLSX, PPTX, PNG or JPEG file")]
    KindUnknown,
    /// The hash of the bytes differs from the hash that the client announced.
    #[error("sha256: does not match the SHA-256 of the uploaded bytes")]
    HashMismatch,
}

/// An upload of one document whose bytes are still arriving.
pub(crate) struct Upload {
    /// Writes the bytes to the evidence store. `None` if the document is only checked.
    writer: Option<ObjectWriter>,
    /// The maximum number of bytes of the document.
    limit_bytes: u64,
    /// The number of bytes that have arrived.
    size_bytes: u64,
    /// The hash of the bytes that have arrived.
    hash: Sha256,
    /// The bytes that determine the kind of the document.
    head_and_tail: HeadAndTail,
}

/// A document that was received completely and is acceptable. It is not stored yet.
pub(crate) struct ReceivedDocument {
    /// The unfinished object that contains the bytes. `None` if the document is only checked.
    writer: Option<ObjectWriter>,
    /// The kind of the document, detected by its content.
    pub(crate) kind: EvidenceKind,
    /// The number of bytes.
    pub(crate) size_bytes: u64,
    /// The SHA-256 of the bytes, in lower-case hex.
    pub(crate) sha256: String,
}

impl Upload {
    /// Begins the upload of a document with at most `limit_bytes` bytes.
    ///
    /// # Errors
    /// Returns an error if the object cannot be created in the evidence store.
    pub(crate) async fn begin(
        store: &EvidenceStore,
        id: EvidenceId,
        limit_bytes: u64,
    ) -> Result<Self, EvidenceStoreError> {
        let writer = store.write(id).await?;
        Ok(Self { writer: Some(writer), ..Self::check_only(limit_bytes) })
    }

    /// Begins the check of a document with at most `limit_bytes` bytes. Nothing is stored.
    pub(crate) fn check_only(limit_bytes: u64) -> Self {
        let (hash, head_and_tail) = (Sha256::new(), HeadAndTail::default());
        Self { writer: None, limit_bytes, size_bytes: 0, hash, head_and_tail }
    }

    /// Adds the next bytes.
    ///
    /// # Errors
    /// Returns [`DocumentError::TooLarge`] as soon as the document exceeds its limit, and an error
    /// if the bytes cannot be written to the evidence store.
    pub(crate) async fn add(&mut self, bytes: Bytes) -> Result<(), UploadError> {
        self.size_bytes = self.size_bytes.saturating_add(bytes.len() as u64);
        if self.size_bytes > self.limit_bytes {
            return Err(DocumentError::TooLarge { limit_bytes: self.limit_bytes }.into());
        }
        self.hash.update(&bytes);
        self.head_and_tail.add(&bytes);
        if let Some(writer) = &mut self.writer {
            writer.add(bytes).await?;
        }
        Ok(())
    }

    /// Checks the complete document. `announced` is the SHA-256 in hex that the client announced,
    /// or empty. If the document is not acceptable, its bytes are removed.
    ///
    /// # Errors
    /// Returns a [`DocumentError`] if the document is not acceptable.
    pub(crate) async fn complete(self, announced: &str) -> Result<ReceivedDocument, DocumentError> {
        let Self { writer, limit_bytes: _, size_bytes, hash, head_and_tail } = self;
        let sha256 = hex(&hash.finalize());
        let kind = if size_bytes == 0 {
            Err(DocumentError::Empty)
        } else if !announced.is_empty() && !announced.eq_ignore_ascii_case(&sha256) {
            Err(DocumentError::HashMismatch)
        } else {
            head_and_tail.kind().ok_or(DocumentError::KindUnknown)
        };
        match kind {
            Ok(kind) => Ok(ReceivedDocument { writer, kind, size_bytes, sha256 }),
            Err(error) => {
                if let Some(writer) = writer {
                    writer.abort().await;
                }
                Err(error)
            }
        }
    }

    /// Aborts the upload and removes its bytes.
    pub(crate) async fn abort(self) {
        if let Some(writer) = self.writer {
            writer.abort().await;
        }
    }
}

impl ReceivedDocument {
    /// Stores the document as an object, unless it was only checked.
    ///
    /// # Errors
    /// Returns an error if the object cannot be completed in the evidence store.
    pub(crate) async fn store(self) -> Result<(), EvidenceStoreError> {
        match self.writer {
            Some(writer) => writer.finish().await,
            None => Ok(()),
        }
    }
}

/// Formats bytes as lower-case hex.
fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::TryStreamExt as _;
    use uuid::Uuid;

    const ID: EvidenceId = EvidenceId(Uuid::from_u128(1));

    async fn upload(
        parts: &[&'static [u8]],
        announced: &str,
    ) -> (EvidenceStore, Result<ReceivedDocument, DocumentError>, tempfile::TempDir) {
        let directory = tempfile::tempdir().unwrap();
        let store = EvidenceStore::in_directory(directory.path()).unwrap();
        let mut upload = Upload::begin(&store, ID, 16).await.unwrap();
        for part in parts {
            match upload.add(Bytes::from_static(part)).await {
                Ok(()) => {}
                Err(UploadError::Document(error)) => {
                    upload.abort().await;
                    return (store, Err(error), directory);
                }
                Err(UploadError::Store(error)) => panic!("{error}"),
            }
        }
        let received = upload.complete(announced).await;
        (store, received, directory)
    }

    #[tokio::test]
    async fn r14_a_document_is_hashed_counted_and_stored() {
        let (store, received, _directory) = upload(&[b"%PDF-", b"1.7"], "").await;
        let received = received.unwrap();
        assert_eq!((received.kind, received.size_bytes), (EvidenceKind::Pdf, 8));
        assert_eq!(received.sha256, hex(&Sha256::digest(b"%PDF-1.7")));
        received.store().await.unwrap();
        let read: Vec<Bytes> = store.read(ID).await.unwrap().try_collect().await.unwrap();
        assert_eq!(read.concat(), b"%PDF-1.7");
    }

    #[tokio::test]
    async fn r14_unacceptable_documents_leave_no_object() {
        let large: &[&[u8]] = &[b"%PDF-1.7........", b"."];
        for (parts, announced, expected) in [
            (&[][..], "", DocumentError::Empty),
            (large, "", DocumentError::TooLarge { limit_bytes: 16 }),
            (&[b"MZ"], "", DocumentError::KindUnknown),
            (&[b"%PDF-1.7"], &"00".repeat(32), DocumentError::HashMismatch),
        ] {
            let (store, received, _directory) = upload(parts, announced).await;
            assert_eq!(received.err(), Some(expected));
            assert!(store.read(ID).await.is_err());
        }
    }
}
