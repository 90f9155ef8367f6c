//! Receives the bytes of a document. The bytes are counted and hashed while they stream to the
//! evidence store. The complete object is examined there, with bounded memory.
use super::{
    cipher::DocumentCipher,
    kind,
    objects::{CompleteObject, EvidenceStore, EvidenceStoreError, ObjectWriter},
    scanner::{Scanner, ScannerError, Verdict},
};
use crate::domain::EvidenceKind;
use bytes::Bytes;
use cpor_types::EvidenceId;
use futures_util::TryStreamExt as _;
use sha2::{Digest as _, Sha256};

/// The reason why an upload fails.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UploadError {
    /// The document is not acceptable.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The document contains malware.
    #[error("the document contains malware: {signature}")]
    Malware {
        /// The name that the scanner gives the malware.
        signature: String,
    },
    /// The malware scanner failed.
    #[error(transparent)]
    Scanner(#[from] ScannerError),
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
    /// The document is an Office document that can contain macros.
    #[error(
        "the document contains macros: save it as DOCX, XLSX or PPTX without macros, or as PDF, and upload that file"
    )]
    ContainsMacros,
    /// The document is an Office document that is encrypted with a password.
    #[error("the document is protected with a password: remove the password in its program, and upload it again")]
    PasswordProtected,
    /// The hash of the bytes differs from the hash that the client announced.
    #[error("sha256: does not match the SHA-256 of the uploaded bytes")]
    HashMismatch,
}

/// An upload of one document whose bytes are still arriving.
pub(crate) struct Upload {
    /// Writes the bytes to the evidence store. `None` if they are only hashed.
    writer: Option<ObjectWriter>,
    /// The maximum number of bytes of the document.
    limit_bytes: u64,
    /// The number of bytes that have arrived.
    size_bytes: u64,
    /// The hash of the bytes that have arrived.
    hash: Sha256,
}

/// The complete bytes of a document, which have the announced hash.
pub(crate) struct ReceivedBytes {
    /// The unfinished object that contains the bytes. `None` if they were only hashed.
    writer: Option<ObjectWriter>,
    /// The number of bytes.
    size_bytes: u64,
    /// The SHA-256 of the bytes, in lower-case hex.
    pub(crate) sha256: String,
}

/// A document that was received completely and is acceptable. It is not stored yet, and is removed
/// if this value is dropped.
pub(crate) struct ReceivedDocument {
    /// The object that contains the bytes.
    object: CompleteObject,
    /// The kind of the document, determined by its structure.
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
        cipher: DocumentCipher,
        limit_bytes: u64,
    ) -> Result<Self, EvidenceStoreError> {
        let writer = store.write(id, cipher).await?;
        Ok(Self { writer: Some(writer), ..Self::hash_only(limit_bytes) })
    }

    /// Begins an upload whose bytes are only hashed, because they arrived before.
    pub(crate) fn hash_only(limit_bytes: u64) -> Self {
        Self { writer: None, limit_bytes, size_bytes: 0, hash: Sha256::new() }
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
        if let Some(writer) = &mut self.writer {
            writer.add(bytes).await?;
        }
        Ok(())
    }

    /// Ends the upload. `announced` is the SHA-256 in hex that the client announced, or empty. If
    /// the bytes are not acceptable, they are removed.
    ///
    /// # Errors
    /// Returns [`DocumentError::Empty`] or [`DocumentError::HashMismatch`].
    pub(crate) async fn finish(self, announced: &str) -> Result<ReceivedBytes, DocumentError> {
        let sha256 = hex(&self.hash.clone().finalize());
        let error = if self.size_bytes == 0 {
            DocumentError::Empty
        } else if !announced.is_empty() && !announced.eq_ignore_ascii_case(&sha256) {
            DocumentError::HashMismatch
        } else {
            return Ok(ReceivedBytes { writer: self.writer, size_bytes: self.size_bytes, sha256 });
        };
        self.abort().await;
        Err(error)
    }

    /// Aborts the upload and removes its bytes.
    pub(crate) async fn abort(self) {
        if let Some(writer) = self.writer {
            writer.abort().await;
        }
    }
}

impl ReceivedBytes {
    /// Determines the kind of the document, and scans it for malware if there is a scanner. Returns
    /// `None` if the bytes were only hashed. If the document is not acceptable or cannot be
    /// scanned, its bytes are removed.
    ///
    /// # Errors
    /// Returns a [`DocumentError`] if the document is not of an acceptable kind, and an error if it
    /// contains malware, or if the evidence store or the scanner fails.
    pub(crate) async fn examine(self, scanner: Option<&Scanner>) -> Result<Option<ReceivedDocument>, UploadError> {
        let Self { writer, size_bytes, sha256 } = self;
        let Some(writer) = writer else { return Ok(None) };
        let object = writer.complete().await?;
        match examine(&object, size_bytes, scanner).await {
            Ok(kind) => Ok(Some(ReceivedDocument { object, kind, size_bytes, sha256 })),
            Err(error) => {
                object.discard().await;
                Err(error)
            }
        }
    }
}

/// Determines the kind of a complete object, and scans it for malware.
async fn examine(object: &CompleteObject, size: u64, scanner: Option<&Scanner>) -> Result<EvidenceKind, UploadError> {
    let kind = object.examine(size, move |reader| kind::detect(reader, size)).await??;
    let Some(scanner) = scanner else { return Ok(kind) };
    match scanner.scan(object.read(size).map_err(std::io::Error::other)).await? {
        Verdict::Clean => Ok(kind),
        Verdict::Infected(signature) => Err(UploadError::Malware { signature }),
    }
}

impl ReceivedDocument {
    /// Stores the document under its id.
    ///
    /// # Errors
    /// Returns an error if the object cannot be stored in the evidence store.
    pub(crate) async fn store(self) -> Result<(), EvidenceStoreError> {
        self.object.publish().await
    }

    /// Removes the document, which was only checked.
    pub(crate) async fn discard(self) {
        self.object.discard().await;
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
    use uuid::Uuid;

    const ID: EvidenceId = EvidenceId(Uuid::from_u128(1));

    fn cipher() -> DocumentCipher {
        DocumentCipher::new(&[1; 32]).unwrap()
    }

    async fn upload(
        parts: &[&'static [u8]],
        announced: &str,
    ) -> (EvidenceStore, Result<ReceivedDocument, DocumentError>, tempfile::TempDir) {
        let directory = tempfile::tempdir().unwrap();
        let store = EvidenceStore::in_directory(directory.path()).unwrap();
        let mut upload = Upload::begin(&store, ID, cipher(), 16).await.unwrap();
        for part in parts {
            match upload.add(Bytes::from_static(part)).await {
                Ok(()) => {}
                Err(UploadError::Document(error)) => {
                    upload.abort().await;
                    return (store, Err(error), directory);
                }
                Err(error) => panic!("{error}"),
            }
        }
        let received = match upload.finish(announced).await {
            Ok(received) => received.examine(None).await.map(Option::unwrap),
            Err(error) => Err(error.into()),
        };
        let refusal = |error| {
            let UploadError::Document(error) = error else { panic!("{error}") };
            error
        };
        (store, received.map_err(refusal), directory)
    }

    #[tokio::test]
    async fn r14_a_document_is_hashed_counted_and_stored() {
        let (store, received, _directory) = upload(&[b"%PDF-", b"1.7"], "").await;
        let received = received.unwrap();
        assert_eq!((received.kind, received.size_bytes), (EvidenceKind::Pdf, 8));
        assert_eq!(received.sha256, hex(&Sha256::digest(b"%PDF-1.7")));
        received.store().await.unwrap();
        let read: Vec<Bytes> = store.read(ID, cipher(), 8).await.unwrap().try_collect().await.unwrap();
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
            assert!(store.read(ID, cipher(), 8).await.is_err());
        }
    }
}
