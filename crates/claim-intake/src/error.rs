//! The error that RPC handlers return. `api/error.rs` converts it to a gRPC status.
use crate::{
    domain::Refusal,
    evidence::{DocumentError, EvidenceStoreError, ScannerError, UploadError},
    store::AlreadyClaimed,
};
use cpor_call::directory_budget::TooManyQuestions;
use cpor_durable::{CommandError, StoreError};

/// The reason why an RPC call failed. A failed call has changed nothing, except where
/// [`CommandError::Unavailable`] leaves the outcome unknown.
#[derive(Debug)]
pub(crate) enum CallError {
    /// The resource does not exist or belongs to another partner. Contains the name from the
    /// request.
    NotFound(String),
    /// The claim refuses the command.
    Refused(Refusal),
    /// The writer did not accept or did not complete the command.
    Command {
        /// The resource name from the request.
        resource: String,
        /// The failure.
        error: CommandError<Refusal, AlreadyClaimed>,
    },
    /// The uploaded document is not acceptable (R14).
    Document(DocumentError),
    /// The messages of an upload stream are in the wrong order.
    UploadOutOfOrder,
    /// The bytes of an upload arrive too slowly.
    UploadTooSlow,
    /// The document contains malware.
    Malware {
        /// The name that the scanner gives to the malware.
        signature: String,
    },
    /// The malware scanner failed.
    Scanner(ScannerError),
    /// The partner has reached a quota for documents.
    QuotaExceeded {
        /// The name of the quota: `documents` or `bytes`.
        quota: &'static str,
        /// The maximum number of documents or bytes of one partner.
        limit: u64,
        /// The number of documents or bytes that are stored, or reserved for uploads in progress.
        used: u64,
    },
    /// The claim changed during every attempt to process the request.
    ConcurrentChange,
    /// The registry does not answer.
    RegistryUnavailable,
    /// The caller has named too many domains that are not the tenant's.
    TooManyQuestions(TooManyQuestions),
    /// The database could not be read.
    Store(StoreError),
    /// The evidence store failed.
    EvidenceStore(EvidenceStoreError),
    /// An internal error. The text is for the log only.
    Internal(String),
}

impl From<DocumentError> for CallError {
    fn from(error: DocumentError) -> Self {
        Self::Document(error)
    }
}

impl From<StoreError> for CallError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<EvidenceStoreError> for CallError {
    fn from(error: EvidenceStoreError) -> Self {
        Self::EvidenceStore(error)
    }
}

impl From<UploadError> for CallError {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::Document(error) => error.into(),
            UploadError::Malware { signature } => Self::Malware { signature },
            UploadError::Scanner(error) => Self::Scanner(error),
            UploadError::Store(error) => error.into(),
        }
    }
}
