//! The error that RPC handlers return. `api/error.rs` converts it to a gRPC status.
use crate::{
    domain::Refusal,
    evidence::{DocumentError, EvidenceStoreError, UploadError},
    store::AlreadyClaimed,
};
use cpor_durable::StoreError;

/// The reason why an RPC call failed. A failed call has changed nothing, except where
/// [`CallError::Unavailable`] leaves the outcome unknown.
#[derive(Debug)]
pub(crate) enum CallError {
    /// The resource does not exist or belongs to another partner. Holds the name from the request.
    NotFound(String),
    /// The claim refuses the command.
    Refused(Refusal),
    /// Another open or approved claim of the same company already has a line of this claim (R38).
    AlreadyClaimed(AlreadyClaimed),
    /// The uploaded document is not acceptable (R14).
    Document(DocumentError),
    /// The messages of an upload stream are in the wrong order.
    UploadOutOfOrder,
    /// The claim's version is not the one that the caller's etag stands for.
    EtagMismatch,
    /// The claim changed during every attempt to process the request.
    ConcurrentChange,
    /// The request id was already used for a different request.
    RequestIdReused,
    /// The registry does not answer.
    RegistryUnavailable,
    /// The caller already has as many watches as one caller may have (R59).
    TooManyWatches {
        /// The maximum number of concurrent watches of one caller.
        limit: usize,
    },
    /// The service has no capacity for another command or watch.
    Overloaded,
    /// The database or the evidence store failed. The outcome of the call is not known. The text is
    /// for the log only.
    Unavailable(String),
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
        match error {
            StoreError::Db(error) => Self::Unavailable(error.to_string()),
            StoreError::ConcurrentChange(_) | StoreError::Inconsistent { .. } => Self::Internal(error.to_string()),
        }
    }
}

impl From<EvidenceStoreError> for CallError {
    fn from(error: EvidenceStoreError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<UploadError> for CallError {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::Document(error) => error.into(),
            UploadError::Store(error) => error.into(),
        }
    }
}
