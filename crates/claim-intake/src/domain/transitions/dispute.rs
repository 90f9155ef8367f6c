//! Disputing a rejection (R28).
use crate::domain::{
    Claim, Command, Comment, Content, Facts, Refusal, Remedy, ReviewProgress, Rules, State, Submission, What,
    claim::{EntryDetails, TransitionBuilder},
};
use cpor_durable::Transition;
use cpor_types::{CaseId, Timestamp};

/// Disputes a rejection.
#[derive(Clone, Debug)]
pub struct Dispute {
    /// The id of the review case that the dispute opens.
    pub review_case: CaseId,
    /// Why, for the reviewer to read; not needed where there is new evidence.
    pub justification: Option<Comment>,
}

impl Claim {
    /// The content that a dispute is about: where the last lines were lost to another, they come back (R27a).
    #[must_use]
    pub fn content_disputed(&self) -> Content {
        let mut content = self.content.clone();
        let rejected = self.state.rejection().map(|rejection| rejection.time);
        if content.lines.is_empty() {
            let lost = self.lost_lines.iter().filter(|lost| Some(lost.time) == rejected);
            content.lines = lost.map(|lost| lost.line.clone()).collect();
        }
        // What ended with an earlier approval is claimed anew.
        content.lines.iter_mut().for_each(|line| line.ended = None);
        content
    }

    /// Disputes a rejection (R28): it is checked as at submission, its lines are live again, and a new case is opened. The customer is asked
    /// anew, and an approval that still stands goes on to count (R26a). `facts` are what the
    /// directory says of [`Self::content_disputed`], as in [`Self::submit`].
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`] in any state but REJECTED, [`Refusal::DisputeWindowPassed`], [`Refusal::DisputeNotAllowed`],
    /// [`Refusal::DisputeUnfounded`], [`Refusal::Incomplete`].
    pub fn dispute(
        &self,
        dispute: Dispute,
        facts: Option<&Facts>,
        rules: &Rules,
        now: Timestamp,
    ) -> Result<Transition<Self>, Refusal> {
        let submission = self.check_dispute_allowed()?;
        if dispute.justification.is_none() && self.new_documents() == 0 {
            return Err(Refusal::DisputeUnfounded);
        }
        let mut builder = TransitionBuilder::new(self, now);
        builder.claim.content = self.content_disputed();
        builder.claim.set_directory_facts(Some(facts.ok_or(Refusal::FactsMissing)?));
        builder.claim.check_complete(rules.recorded_profile(submission)?)?;
        builder.claim.lost_lines.retain(|lost| !builder.claim.content.lines.iter().any(|line| line.id == lost.line.id));
        builder.claim.state = State::Disputed(Submission {
            review_case: dispute.review_case,
            reviewer: None,
            review: ReviewProgress::default(),
            consent_due: None,
            askings: submission.askings + 1,
            disputes: submission.disputes + 1,
            ..submission.clone()
        });
        let justification = dispute.justification.as_ref().map(|comment| comment.text.clone()).unwrap_or_default();
        let changes = self.content.changes(&builder.claim.content);
        let entry =
            EntryDetails { changes, ..EntryDetails::with_reason(&justification) }.with_comment(dispute.justification);
        let entry = entry.with_consent_due(submission, None);
        let entry = match &submission.reviewer {
            Some(reviewer) => entry.with_change("reviewer", reviewer, ""),
            None => entry,
        };
        builder.record(What::Disputed { previous_case: submission.review_case, justification }, entry);
        Ok(builder.build())
    }

    /// R33: a late dispute and that of a final rejection are told so.
    pub(in crate::domain) fn check_dispute_allowed(&self) -> Result<&Submission, Refusal> {
        match &self.state {
            State::Rejected(submission, rejection) => match &rejection.remedy {
                Remedy::Dispute(_) => Ok(submission),
                Remedy::Missed(due) => Err(Refusal::DisputeWindowPassed { due: *due }),
                Remedy::Final(finality) => Err(Refusal::DisputeNotAllowed(*finality)),
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
