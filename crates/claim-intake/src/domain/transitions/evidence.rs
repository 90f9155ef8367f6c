//! Documents of a claim (R14). A *statement* is the partner's answer to a reviewer's question about
//! a workload or subscription that another company also claims; it decides nothing.
use crate::domain::{
    Claim, Command, EventKind, Evidence, Refusal, Rules, StatementStatus,
    claim::{EntryDetails, TransitionBuilder},
};
use cpor_durable::Transition;
use cpor_types::{EvidenceId, Timestamp};

impl Claim {
    /// Checks whether a further document may be added now. Called before an upload is accepted, and
    /// again by [`Self::add_evidence`].
    ///
    /// # Errors
    /// Returns [`Refusal::NotFound`] for a deleted draft, [`Refusal::NotAllowed`] if state and
    /// policy allow no evidence (R28, R29), [`Refusal::RulesMissing`] if the recorded policy
    /// profile is not configured, and [`Refusal::TooManyDocuments`] if this submission, response or
    /// dispute already has as many documents as the policy allows.
    pub fn check_evidence_allowed(&self, rules: &Rules, now: Timestamp) -> Result<(), Refusal> {
        self.check_admitted(Command::AddEvidence)?;
        let limit = rules.profile_of(self, now)?.evidence.max_documents;
        if self.new_documents() < limit as usize { Ok(()) } else { Err(Refusal::TooManyDocuments { limit }) }
    }

    /// Adds a stored document. In PARTNER_ACTION_REQUIRED it counts as an answer to the reviewer's
    /// request (R21), in APPROVED as an answer to the open request for a statement, if there is one
    /// (R37a), in REJECTED as evidence for a dispute (R28).
    ///
    /// # Errors
    /// Returns the same refusals as [`Self::check_evidence_allowed`].
    pub fn add_evidence(&self, evidence: Evidence, rules: &Rules, now: Timestamp) -> Result<Transition<Self>, Refusal> {
        self.check_evidence_allowed(rules, now)?;
        let mut builder = TransitionBuilder::new(self, now);
        builder.claim.evidence.push(evidence.clone());
        builder.claim.set_open_statement_status(StatementStatus::Given);
        let entry = EntryDetails::default().with_change("evidence", "", evidence.to_string());
        builder.record(EventKind::EvidenceAdded(evidence), entry);
        Ok(builder.build())
    }

    /// Removes a document from a draft. The history and the evidence store keep the document.
    ///
    /// # Errors
    /// Returns [`Refusal::NotFound`] for a deleted draft or if the claim has no such document, and
    /// [`Refusal::NotAllowed`] in every other state except EDITING.
    pub fn remove_evidence(&self, id: EvidenceId, now: Timestamp) -> Result<Transition<Self>, Refusal> {
        self.check_admitted(Command::RemoveEvidence)?;
        let index = self.evidence.iter().position(|evidence| evidence.id == id).ok_or(Refusal::NotFound)?;
        let mut builder = TransitionBuilder::new(self, now);
        let removed = builder.claim.evidence.remove(index);
        let entry = EntryDetails::default().with_change("evidence", removed.to_string(), "");
        builder.record(EventKind::EvidenceRemoved(id), entry);
        Ok(builder.build())
    }
}
