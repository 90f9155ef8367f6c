//! What every call that changes something says beside its business: which claim, by whom, how often, seen how.
use crate::{domain::Refusal, intake::Failed, store::AlreadyClaimed};
use cpor_durable::{Failure, Key, RequestId};
use cpor_kit::Caller;
use cpor_types::{Actor, ClaimName, EvidenceId, EvidenceName};
use prost::Message;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// A call on one claim.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// The method, for example `SubmitClaim`.
    pub(crate) method: &'static str,
    /// What the request names: the claim, or something of it.
    resource: String,
    /// The claim.
    pub(crate) claim: ClaimName,
    /// Who calls.
    pub(crate) actor: Actor,
    /// The version that the caller has seen (AIP-154).
    pub(crate) etag: Option<u64>,
    /// The caller's name for the request (AIP-155).
    pub(crate) request: Option<RequestId>,
    /// Judge and answer, but change nothing (AIP-163).
    pub(crate) validate_only: bool,
}

impl Call {
    /// A call of `method` on the claim of this name. A name of another shape names nothing.
    pub(crate) fn new(caller: &Caller, method: &'static str, resource: &str) -> Result<Self, Failed> {
        let claim = resource.parse().map_err(|_| Failed::NotFound(resource.to_owned()))?;
        Ok(Self::on(caller, method, resource, claim))
    }

    /// A call of `method` on the document of this name, and its id.
    pub(crate) fn of_evidence(
        caller: &Caller,
        method: &'static str,
        resource: &str,
    ) -> Result<(Self, EvidenceId), Failed> {
        let name: EvidenceName = resource.parse().map_err(|_| Failed::NotFound(resource.to_owned()))?;
        let claim = ClaimName { partner: name.partner, claim: name.claim };
        Ok((Self::on(caller, method, resource, claim), name.evidence))
    }

    /// A call of `method` that names `resource` and is on this claim.
    pub(crate) fn on(caller: &Caller, method: &'static str, resource: &str, claim: ClaimName) -> Self {
        let (resource, actor) = (resource.to_owned(), caller.actor.clone());
        Self { method, resource, claim, actor, etag: None, request: None, validate_only: false }
    }

    /// Only if the claim still has this etag; empty: whatever it has.
    pub(crate) fn etag(mut self, etag: &str) -> Self {
        self.etag = (!etag.is_empty()).then(|| version_of(etag));
        self
    }

    /// At most once under this request id; empty: as often as it is called. The body is the whole `request`: the id in
    /// it is the same wherever bodies are compared.
    pub(crate) fn once(self, caller: &Caller, id: &str, request: &impl Message) -> Self {
        self.once_for(caller, id, Sha256::digest(request.encode_to_vec()).into())
    }

    /// As [`Self::once`], for a body that was hashed as it came.
    pub(crate) fn once_for(mut self, caller: &Caller, id: &str, body_hash: [u8; 32]) -> Self {
        let request =
            || RequestId { caller: caller.id().to_owned(), method: self.method, id: id.to_owned(), body_hash };
        self.request = (!id.is_empty()).then(request);
        self
    }

    /// An id that follows from the request's, its caller and its body: what a request makes is found again by it. `None` for a request that has
    /// no id.
    pub(crate) fn request_uuid(&self) -> Option<Uuid> {
        let RequestId { caller, method: _, id, body_hash } = self.request.as_ref()?;
        let name = [caller.as_bytes(), &[0], id.as_bytes(), &[0], body_hash].concat();
        Some(Uuid::new_v5(&self.claim.claim.uuid(), &name))
    }

    /// Judges and answers, but changes nothing.
    pub(crate) fn validate_only(mut self, validate_only: bool) -> Self {
        self.validate_only = validate_only;
        self
    }

    /// What the request names is not there.
    pub(crate) fn not_found(&self) -> Failed {
        Failed::NotFound(self.resource.clone())
    }

    /// The claim refuses.
    pub(crate) fn refused(&self, refusal: Refusal) -> Failed {
        if refusal == Refusal::NotFound { self.not_found() } else { Failed::Refused(refusal) }
    }

    /// The writer changed nothing.
    pub(crate) fn failed(&self, failure: Failure<Refusal, AlreadyClaimed>) -> Failed {
        match failure {
            Failure::Refused(refusal) => self.refused(refusal),
            Failure::Clash(clash) => Failed::AlreadyClaimed(clash),
            Failure::Moved { .. } => Failed::Moved,
            Failure::RequestIdReused => Failed::RequestIdReused,
            Failure::Gap { expected } => Failed::Internal(format!("a call is no event, and yet {expected} is missing")),
            Failure::Overloaded => Failed::Overloaded,
            Failure::Unavailable(why) => Failed::Unavailable(why),
        }
    }

    /// The aggregate's key.
    pub(crate) fn key(&self) -> Key {
        Key::new(self.claim.partner.as_str(), self.claim.claim.uuid())
    }
}

/// The etag of a version: opaque to callers.
pub(crate) fn etag_of(version: u64) -> String {
    format!("{version:x}")
}

/// The version that an etag stands for; 0, which no claim has, for one that we did not make.
fn version_of(etag: &str) -> u64 {
    u64::from_str_radix(etag, 16).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn etags_stand_for_versions_and_foreign_ones_for_none() {
        assert_eq!(version_of(&etag_of(31)), 31);
        assert_eq!(version_of("not ours"), 0);
    }
}
