//! The parameters that RPC calls on one claim have in common: the claim, the caller, the etag, the
//! request id and `validate_only`. The *writer* is the task that commits commands. AIP numbers
//! refer to Google's API Improvement Proposals.
use crate::{domain::Refusal, error::CallError, store::AlreadyClaimed};
use cpor_auth::Caller;
use cpor_durable::{AggregateKey, Command, CommandError, Etag, RequestId};
use cpor_types::{Actor, ClaimName, EvidenceId, EvidenceName};
use prost::Name;
use tonic::Status;
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
    /// The user or service that calls, as the history records it.
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
    /// Returns [`CallError::NotFound`] if `resource` is not the name of a claim.
    pub(crate) fn new(caller: &Caller, method: &'static str, resource: &str) -> Result<Self, CallError> {
        let claim = resource.parse().map_err(|_| CallError::NotFound(resource.to_owned()))?;
        Ok(Self::on_claim(caller, method, resource, claim))
    }

    /// Creates a call of `method` on the document that is named by `resource`, and returns the
    /// document's id with it.
    ///
    /// # Errors
    /// Returns [`CallError::NotFound`] if `resource` is not the name of a document.
    pub(crate) fn on_evidence(
        caller: &Caller,
        method: &'static str,
        resource: &str,
    ) -> Result<(Self, EvidenceId), CallError> {
        let name: EvidenceName = resource.parse().map_err(|_| CallError::NotFound(resource.to_owned()))?;
        let claim = ClaimName { partner: name.partner, claim: name.claim };
        Ok((Self::on_claim(caller, method, resource, claim), name.evidence))
    }

    /// Creates a call of `method` on `claim`. `resource` is the resource name from the request.
    pub(crate) fn on_claim(caller: &Caller, method: &'static str, resource: &str, claim: ClaimName) -> Self {
        let (resource, actor) = (resource.to_owned(), caller.actor.clone());
        Self { method, resource, claim, actor, etag: None, request: None, validate_only: false }
    }

    /// Requires that the claim still has this etag. An empty etag requires nothing.
    pub(crate) fn with_etag(mut self, etag: &str) -> Self {
        self.etag = Etag::required_version(etag);
        self
    }

    /// Makes the call safe to repeat under the request id of `request`, if it has one.
    pub(crate) fn with_request_id(self, caller: &Caller, request: &impl Name) -> Result<Self, Status> {
        self.with_request_id_and_content(caller, request, "")
    }

    /// Does the same as [`Self::with_request_id`] if `request` does not contain the whole content
    /// of the call. `further_content` identifies the rest.
    pub(crate) fn with_request_id_and_content(
        mut self,
        caller: &Caller,
        request: &impl Name,
        further_content: &str,
    ) -> Result<Self, Status> {
        self.request = RequestId::from_request_with(caller, self.method, request, further_content)?;
        Ok(self)
    }

    /// Sets whether the call only checks the request and changes nothing.
    pub(crate) fn with_validate_only(mut self, validate_only: bool) -> Self {
        self.validate_only = validate_only;
        self
    }

    /// Returns the command by which the writer executes this call.
    pub(crate) fn command(&self) -> Command {
        Command::new(self.method, self.key(), self.actor.clone())
            .request(self.request.clone())
            .validate_only(self.validate_only)
    }

    /// Derives a UUID from the request id; returns `None` if the call has no request id. A resource
    /// that is created under this UUID is found again when the request is repeated.
    pub(crate) fn request_uuid(&self) -> Option<Uuid> {
        self.request.as_ref().map(RequestId::derived_uuid)
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
    pub(crate) fn command_error(&self, error: CommandError<Refusal, AlreadyClaimed>) -> CallError {
        CallError::Command { resource: self.resource.clone(), error }
    }

    /// Returns the key under which the writer finds the claim.
    pub(crate) fn key(&self) -> AggregateKey {
        AggregateKey::new(self.claim.partner.as_str(), self.claim.claim.uuid())
    }
}
