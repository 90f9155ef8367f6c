//! Taking bytes in: counted, hashed and told apart while they stream to the store, with bounded memory.
use super::{
    kind::Ends,
    objects::{ObjectError, Objects, Writing},
};
use crate::domain::EvidenceKind;
use bytes::Bytes;
use cpor_types::EvidenceId;
use sha2::{Digest as _, Sha256};

/// Why an upload ends early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UploadError {
    /// The document is not taken.
    #[error(transparent)]
    Bad(#[from] BadDocument),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] ObjectError),
}

/// Why a document is not taken (R14).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadDocument {
    /// It has no bytes.
    #[error("the document has no bytes")]
    Empty,
    /// It has more bytes than the policy allows.
    #[error("the document has more than {limit_bytes} bytes")]
    TooLarge {
        /// How many are allowed.
        limit_bytes: u64,
    },
    /// It is none of the kinds that are taken.
    #[error("the document is none of PDF, DOCX, XLSX, PPTX, PNG, JPEG")]
    KindUnknown,
    /// Its bytes do not have the announced hash.
    #[error("the bytes do not have the announced SHA-256")]
    HashMismatch,
}

/// An upload: the bytes of one document on their way.
pub(crate) struct Upload {
    writing: Writing,
    limit_bytes: u64,
    size_bytes: u64,
    hash: Sha256,
    ends: Ends,
}

/// A document whose bytes are all here, judged and ready to be kept.
pub(crate) struct Received {
    writing: Writing,
    /// What it is.
    pub(crate) kind: EvidenceKind,
    /// Its size.
    pub(crate) size_bytes: u64,
    /// SHA-256 of its bytes, lower-case hex.
    pub(crate) sha256: String,
}

impl Upload {
    /// Begins the upload of a document of at most `limit_bytes`.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn begin(objects: &Objects, id: EvidenceId, limit_bytes: u64) -> Result<Self, ObjectError> {
        let writing = objects.write(id).await?;
        Ok(Self { writing, limit_bytes, size_bytes: 0, hash: Sha256::new(), ends: Ends::default() })
    }

    /// Takes in the next bytes.
    ///
    /// # Errors
    /// The store's; [`BadDocument::TooLarge`] as soon as it is, however much is still to come.
    pub(crate) async fn add(&mut self, bytes: Bytes) -> Result<(), UploadError> {
        self.size_bytes = self.size_bytes.saturating_add(bytes.len() as u64);
        if self.size_bytes > self.limit_bytes {
            return Err(BadDocument::TooLarge { limit_bytes: self.limit_bytes }.into());
        }
        self.hash.update(&bytes);
        self.ends.add(&bytes);
        Ok(self.writing.add(bytes).await?)
    }

    /// Judges the document now that it is complete; `announced` is its SHA-256 in hex as the client says, or empty.
    /// What is not taken leaves no object.
    pub(crate) async fn complete(self, announced: &str) -> Result<Received, BadDocument> {
        let Self { writing, limit_bytes: _, size_bytes, hash, ends } = self;
        let sha256 = hex(&hash.finalize());
        let judged = if size_bytes == 0 {
            Err(BadDocument::Empty)
        } else if !announced.is_empty() && !announced.eq_ignore_ascii_case(&sha256) {
            Err(BadDocument::HashMismatch)
        } else {
            ends.kind().ok_or(BadDocument::KindUnknown)
        };
        match judged {
            Ok(kind) => Ok(Received { writing, kind, size_bytes, sha256 }),
            Err(bad) => {
                writing.abort().await;
                Err(bad)
            }
        }
    }

    /// Gives up.
    pub(crate) async fn abort(self) {
        self.writing.abort().await;
    }
}

impl Received {
    /// Makes the object.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn keep(self) -> Result<(), ObjectError> {
        self.writing.finish().await
    }
}

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
    ) -> (Objects, Result<Received, BadDocument>, tempfile::TempDir) {
        let directory = tempfile::tempdir().unwrap();
        let objects = Objects::in_directory(directory.path()).unwrap();
        let mut upload = Upload::begin(&objects, ID, 16).await.unwrap();
        for part in parts {
            match upload.add(Bytes::from_static(part)).await {
                Ok(()) => {}
                Err(UploadError::Bad(bad)) => {
                    upload.abort().await;
                    return (objects, Err(bad), directory);
                }
                Err(UploadError::Store(error)) => panic!("{error}"),
            }
        }
        let received = upload.complete(announced).await;
        (objects, received, directory)
    }

    #[tokio::test]
    async fn r14_a_document_is_hashed_counted_and_kept() {
        let (objects, received, _directory) = upload(&[b"%PDF-", b"1.7"], "").await;
        let received = received.unwrap();
        assert_eq!((received.kind, received.size_bytes), (EvidenceKind::Pdf, 8));
        assert_eq!(received.sha256, hex(&Sha256::digest(b"%PDF-1.7")));
        received.keep().await.unwrap();
        let read: Vec<Bytes> = objects.read(ID).await.unwrap().try_collect().await.unwrap();
        assert_eq!(read.concat(), b"%PDF-1.7");
    }

    #[tokio::test]
    async fn r14_bad_documents_leave_no_object() {
        let large: &[&[u8]] = &[b"%PDF-1.7........", b"."];
        for (parts, announced, expected) in [
            (&[][..], "", BadDocument::Empty),
            (large, "", BadDocument::TooLarge { limit_bytes: 16 }),
            (&[b"MZ"], "", BadDocument::KindUnknown),
            (&[b"%PDF-1.7"], &"00".repeat(32), BadDocument::HashMismatch),
        ] {
            let (objects, received, _directory) = upload(parts, announced).await;
            assert_eq!(received.err(), Some(expected));
            assert!(objects.read(ID).await.is_err());
        }
    }
}
