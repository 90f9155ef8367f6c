//! The parameters that RPC calls on one claim have in common: the claim, the caller, the etag, the
//! request id and `validate_only`.
use crate::{domain::Refusal, error::CallError, store::AlreadyClaimed};
use cpor_durable::{AggregateKey, CommandError, RequestId};
use cpor_kit::Caller;
use cpor_types::{Actor, ClaimName, EvidenceId, EvidenceName};
use prost::Message;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// An RPC call on one claim.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// The name of the RPC method, for example `SubmitClaim`.
    pub(crate) method: &'static str,
    /// The resource name from the request: the claim, its parent, or a document of the claim.
    resource: String,
    /// The claim that the call reads or changes.
    pub(crate) claim: ClaimName,
    /// The user or service that calls, as it is recorded in the history.
    pub(crate) actor: Actor,
    /// The version that the claim must still have (AIP-154). `None` accepts every version.
    pub(crate) etag: Option<u64>,
    /// The request id that makes a repeated call safe (AIP-155), if the caller gave one.
    pub(crate) request: Option<RequestId>,
    /// Whether the call only checks the request and changes nothing (AIP-163).
    pub(crate) validate_only: bool,
}

impl Call {
    /// Creates a call of `method` on the claim that is named by `resource`.
    ///
    /// # Errors
    /// [`CallError::NotFound`] if `resource` is not the name of a claim.
    pub(crate) fn new(caller: &Caller, method: &'static str, resource: &str) -> Result<Self, CallError> {
        let claim = resource.parse().map_err(|_| CallError::NotFound(resource.to_owned()))?;
        Ok(Self::on_claim(caller, method, resource, claim))
    }

    /// Creates a call of `method` on the document that is named by `resource`, and returns the
    /// document's id with it.
    ///
    /// # Errors
    /// [`CallError::NotFound`] if `resource` is not the name of a document.
    pub(crate) fn on_evidence(
        caller: &Caller,
        method: &'static str,
        resource: &str,
    ) -> Result<(Self, EvidenceId), CallError> {
        let name: EvidenceName = resource.parse().map_err(|_| CallError::NotFound(resource.to_owned()))?;
        let claim = ClaimName { partner: name.partner, claim: name.claim };
        Ok((Self::on_claim(caller, method, resource, claim), name.evidence))
    }

    /// Creates a call of `method` on `claim`, where the request names `resource`.
    pub(crate) fn on_claim(caller: &Caller, method: &'static str, resource: &str, claim: ClaimName) -> Self {
        let (resource, actor) = (resource.to_owned(), caller.actor.clone());
        Self { method, resource, claim, actor, etag: None, request: None, validate_only: false }
    }

    /// Requires that the claim still has this etag. An empty etag requires nothing.
    pub(crate) fn with_etag(mut self, etag: &str) -> Self {
        self.etag = (!etag.is_empty()).then(|| version_from_etag(etag));
        self
    }

    /// Makes the call safe to repeat under the request id `id`. An empty id changes nothing. The
    /// hash that detects a different request under the same id covers the whole `request`,
    /// including its id, which is equal wherever two hashes are compared.
    pub(crate) fn with_request_id(self, caller: &Caller, id: &str, request: &impl Message) -> Self {
        self.with_request_id_and_hash(caller, id, Sha256::digest(request.encode_to_vec()).into())
    }

    /// Does the same as [`Self::with_request_id`] for a request whose hash is already computed.
    pub(crate) fn with_request_id_and_hash(mut self, caller: &Caller, id: &str, body_hash: [u8; 32]) -> Self {
        let request =
            || RequestId { caller: caller.id().to_owned(), method: self.method, id: id.to_owned(), body_hash };
        self.request = (!id.is_empty()).then(request);
        self
    }

    /// Sets whether the call only checks the request and changes nothing.
    pub(crate) fn with_validate_only(mut self, validate_only: bool) -> Self {
        self.validate_only = validate_only;
        self
    }

    /// Derives a UUID from the claim, the request id, the caller and the body hash. A resource that
    /// is created under this UUID is found again when the request is repeated. `None` if the call
    /// has no request id.
    pub(crate) fn request_uuid(&self) -> Option<Uuid> {
        let RequestId { caller, method: _, id, body_hash } = self.request.as_ref()?;
        let name = [caller.as_bytes(), &[0], id.as_bytes(), &[0], body_hash].concat();
        Some(Uuid::new_v5(&self.claim.claim.uuid(), &name))
    }

    /// Returns the error for a resource that does not exist.
    pub(crate) fn not_found(&self) -> CallError {
        CallError::NotFound(self.resource.clone())
    }

    /// Converts a refusal of the claim to an error of this call.
    pub(crate) fn refusal_error(&self, refusal: Refusal) -> CallError {
        if refusal == Refusal::NotFound { self.not_found() } else { CallError::Refused(refusal) }
    }

    /// Converts a failure of the writer to an error of this call.
    pub(crate) fn writer_error(&self, failure: CommandError<Refusal, AlreadyClaimed>) -> CallError {
        match failure {
            CommandError::Refused(refusal) => self.refusal_error(refusal),
            CommandError::Conflict(lines) => CallError::AlreadyClaimed(lines),
            CommandError::VersionMismatch { .. } => CallError::EtagMismatch,
            CommandError::RequestIdReused => CallError::RequestIdReused,
            CommandError::SequenceGap { expected } => CallError::Internal(format!(
                "the writer misses event {expected} of a stream, although an RPC call is not part of a stream"
            )),
            CommandError::Overloaded => CallError::Overloaded,
            CommandError::Unavailable(error) => CallError::Unavailable(error),
        }
    }

    /// The key under which the writer finds the claim.
    pub(crate) fn key(&self) -> AggregateKey {
        AggregateKey::new(self.claim.partner.as_str(), self.claim.claim.uuid())
    }
}

/// Returns the etag of a version. Callers must treat it as opaque.
pub(crate) fn etag_from_version(version: u64) -> String {
    format!("{version:x}")
}

/// Returns the version that an etag stands for. An etag that this service did not issue becomes
/// version 0, which no stored claim has, so that it is treated as stale.
fn version_from_etag(etag: &str) -> u64 {
    u64::from_str_radix(etag, 16).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_etag_of_another_service_is_stale() {
        assert_eq!(version_from_etag(&etag_from_version(31)), 31);
        assert_eq!(version_from_etag("not an etag"), 0);
    }
}
