//! The dispute of a rejection (R28). A *line* is the part of a claim that is about one workload or
//! subscription of the customer.
use crate::domain::{
    Claim, Command, Comment, Content, EventKind, Refusal, RegistryAnswer, Remedy, ReviewProgress, Rules, State,
    Submission,
    claim::{EntryDetails, TransitionBuilder},
};
use cpor_durable::Transition;
use cpor_types::{CaseId, Timestamp};

/// The command that disputes a rejection.
#[derive(Clone, Debug)]
pub struct Dispute {
    /// The id of the review case that the dispute opens.
    pub review_case: CaseId,
    /// The partner's justification, which the reviewer reads; not required if there is new
    /// evidence.
    pub justification: Option<Comment>,
}

impl Claim {
    /// Returns the content that a dispute would be about. R27a: if the claim was rejected because
    /// its last lines were awarded to another company, they are restored.
    #[must_use]
    pub fn content_for_dispute(&self) -> Content {
        let mut content = self.content.clone();
        let rejection_time = self.state.rejection().map(|rejection| rejection.time);
        if content.lines.is_empty() {
            let lost = self.lost_lines.iter().filter(|lost| Some(lost.time) == rejection_time);
            content.lines = lost.map(|lost| lost.line.clone()).collect();
        }
        // Lines whose associations ended during an earlier approval are claimed again, too.
        for line in &mut content.lines {
            line.association_end = None;
            line.associations.clear();
        }
        content
    }

    /// Disputes a rejection (R28). The claim is checked as at submission, and a new review case is
    /// opened. The customer is asked again. An explicit approval still counts if the customer has
    /// not declined since (R26a).
    ///
    /// `answer` is the registry's answer about the disputed content, as in [`Self::submit`].
    ///
    /// # Errors
    /// Returns [`Refusal::NotFound`] for a deleted draft, [`Refusal::NotAllowed`] in every other
    /// state except REJECTED, [`Refusal::DisputeWindowPassed`] if the dispute is late,
    /// [`Refusal::DisputeNotAllowed`] if the rejection is final, [`Refusal::DisputeUnfounded`] if
    /// there is neither a justification nor new evidence, [`Refusal::ConcurrentChange`] if `answer`
    /// is `None`, [`Refusal::RulesMissing`] if the policy profile that was recorded at the
    /// submission is not configured, and [`Refusal::Incomplete`] with every violation of the claim.
    pub fn dispute(
        &self,
        dispute: Dispute,
        answer: Option<&RegistryAnswer>,
        rules: &Rules,
        now: Timestamp,
    ) -> Result<Transition<Self>, Refusal> {
        let submission = self.check_dispute_allowed()?;
        if dispute.justification.is_none() && self.new_documents() == 0 {
            return Err(Refusal::DisputeUnfounded);
        }
        let mut builder = TransitionBuilder::new(self, now);
        builder.claim.content = self.content_for_dispute();
        builder.claim.set_registry_answer(Some(answer.ok_or(Refusal::ConcurrentChange)?));
        builder.claim.check_complete(rules.recorded_profile(submission)?)?;
        builder.claim.lost_lines.retain(|lost| !builder.claim.content.lines.iter().any(|line| line.id == lost.line.id));
        builder.claim.state = State::Disputed(Submission {
            review_case: dispute.review_case,
            reviewer: None,
            review: ReviewProgress::default(),
            awaits_confirmation: false,
            consent_due: None,
            delivery_due: None,
            consent_request_number: submission.consent_request_number + 1,
            consent_request_times: Vec::new(),
            disputes: submission.disputes + 1,
            ..submission.clone()
        });
        let justification =
            dispute.justification.as_ref().map(|comment| comment.text.expose().to_owned()).unwrap_or_default();
        let changes = self.content.changes(&builder.claim.content);
        let entry =
            EntryDetails { changes, ..EntryDetails::with_reason(&justification) }.with_comment(dispute.justification);
        let entry = entry.with_consent_due(submission, None);
        let entry = match &submission.reviewer {
            Some(reviewer) => entry.with_change("reviewer", reviewer, ""),
            None => entry,
        };
        builder.record(EventKind::Disputed { previous_case: submission.review_case, justification }, entry);
        Ok(builder.build())
    }

    /// Returns the submission if the rejection can be disputed. R33: otherwise the refusal says why
    /// the rejection cannot be disputed any more.
    pub(in crate::domain) fn check_dispute_allowed(&self) -> Result<&Submission, Refusal> {
        match &self.state {
            State::Rejected(submission, rejection) => match &rejection.remedy {
                Remedy::Dispute(_) => Ok(submission),
                Remedy::WindowPassed(due) => Err(Refusal::DisputeWindowPassed { due: *due }),
                Remedy::NotDisputable(reason) => Err(Refusal::DisputeNotAllowed(*reason)),
            },
            State::Editing
            | State::Deleted
            | State::Submitted(_)
            | State::UnderReview(_)
            | State::PartnerActionRequired(..)
            | State::Approved(..)
            | State::Disputed(_) => Err(self.not_allowed(Command::Dispute)),
        }
    }
}
