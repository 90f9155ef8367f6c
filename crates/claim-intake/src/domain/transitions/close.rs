//! The rejection of a claim (R22, R24 to R26, R27a, R41a): the partner withdraws it, another
//! service reports the reason, or a deadline passes. Every rejection closes the review case and the
//! consent window, and ends the claim's associations, including those that were only pending. An
//! *association* puts the partner on record for the claimed workloads or subscriptions. The
//! *consent window* is the time in which silence of the customer counts as consent.
use crate::domain::{
    Association, Claim, ClaimClosure, ClosureCause, Command, EventKind, FactKind, NotDisputableReason, Refusal,
    Rejection, Remedy, ReviewProgress, State, Submission,
    claim::{EntryDetails, TransitionBuilder},
};
use cpor_durable::Transition;
use cpor_types::{FurtherRejectionReason, PrimaryRejectionReason, Timestamp, WithdrawReason};

/// The command that withdraws a claim.
#[derive(Clone, Debug)]
pub struct Withdraw {
    /// The reason of the withdrawal.
    pub reason: WithdrawReason,
    /// The partner's explanation; required if the reason is [`WithdrawReason::Other`].
    pub comment: String,
}

/// A rejection that is about to be applied: what caused it, and the data of the [`Rejection`],
/// whose fields have the same names.
pub(super) struct NewRejection {
    pub(super) cause: ClosureCause,
    pub(super) primary_reason: PrimaryRejectionReason,
    pub(super) further_reasons: Vec<FurtherRejectionReason>,
    pub(super) comment: String,
    pub(super) time: Timestamp,
    pub(super) remedy: Remedy,
}

impl Claim {
    /// Withdraws the claim for good (R25).
    ///
    /// # Errors
    /// Returns [`Refusal::NotFound`] for a deleted draft, and [`Refusal::NotAllowed`] in the states
    /// EDITING and REJECTED.
    pub fn withdraw(&self, withdraw: Withdraw, now: Timestamp) -> Result<Transition<Self>, Refusal> {
        let submission = self.admitted_submission(Command::Withdraw)?;
        let Withdraw { reason, comment } = withdraw;
        let entry = EntryDetails::with_reason(&comment).with_change("withdraw_reason", "", reason.as_str());
        let primary_reason = PrimaryRejectionReason::PartnerRequest;
        let remedy = Remedy::NotDisputable(NotDisputableReason::PartnerRequest);
        let rejection = NewRejection {
            cause: ClosureCause::Partner,
            primary_reason,
            further_reasons: Vec::new(),
            comment,
            time: now,
            remedy,
        };
        Ok(self.close(submission, rejection, entry, now))
    }

    /// Rejects the claim. Its lines are no longer marked as contested (claimed by several
    /// companies). Documents that are added from now on count as evidence for a dispute.
    pub(super) fn close(
        &self,
        submission: &Submission,
        new_rejection: NewRejection,
        entry: EntryDetails,
        now: Timestamp,
    ) -> Transition<Self> {
        let NewRejection { cause, primary_reason, further_reasons, comment, time, remedy } = new_rejection;
        let mut entry = entry.with_change("rejection.primary_reason", "", primary_reason.as_str());
        for reason in &further_reasons {
            entry = entry.with_change("rejection.further_reasons", "", reason.as_str());
        }
        let ended_association = self.state.association().cloned();
        if let Some(live @ (Association::Pending | Association::Granted { .. } | Association::Official { .. })) =
            &ended_association
        {
            entry = entry.with_change("association_state", live.as_str(), "ended");
        }
        let mut builder = TransitionBuilder::new(self, now);
        builder.claim.content.lines.iter_mut().for_each(|line| line.awarded_to_rival = None);
        let entry = builder.claim.set_contested(&[], time, entry);
        let rejection = Rejection { primary_reason, further_reasons, comment, time, remedy, ended_association };
        let dispute_due = rejection.dispute_window().map(|window| window.due);
        let (document_count_at_start, review) = (self.evidence.len(), ReviewProgress::default());
        let mut next_submission = Submission { document_count_at_start, review, ..submission.clone() };
        if primary_reason == PrimaryRejectionReason::CustomerDeclined {
            next_submission.record_decline(time);
        }
        let entry = entry.with_review_due(submission, None).with_consent_change(submission, &next_submission);
        let (tenant, review_case) = (submission.tenant, submission.review_case);
        builder.claim.state = State::Rejected(next_submission, rejection);
        builder
            .record(EventKind::Closed(ClaimClosure { cause, primary_reason, tenant, review_case, dispute_due }), entry);
        builder.build()
    }
}

impl NewRejection {
    /// Creates a rejection that was caused by `fact` and takes effect at `time`.
    pub(super) const fn by_fact(
        fact: FactKind,
        primary_reason: PrimaryRejectionReason,
        time: Timestamp,
        remedy: Remedy,
    ) -> Self {
        Self {
            cause: ClosureCause::Fact(fact),
            primary_reason,
            further_reasons: Vec::new(),
            comment: String::new(),
            time,
            remedy,
        }
    }
}

impl Submission {
    /// Records that the customer declined. An earlier approval no longer counts (R26).
    pub(super) const fn record_decline(&mut self, time: Timestamp) {
        self.declined = Some(time);
        self.awaits_confirmation = false;
        self.explicit_approval = None;
    }
}
