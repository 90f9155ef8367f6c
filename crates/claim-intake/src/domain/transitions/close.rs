//! The ways to the end of a claim: all of them close its case, its window and its holds (R22, R24–R26).
use crate::domain::{
    Association, Claim, ClaimClosure, ClosureCause, Command, FactKind, Finality, Refusal, Rejection, Remedy,
    ReviewProgress, State, Submission, What,
    claim::{EntryDetails, TransitionBuilder},
};
use cpor_durable::Transition;
use cpor_types::{FurtherRejection, PrimaryRejection, Timestamp, WithdrawReason};

/// Withdraws a claim.
#[derive(Clone, Debug)]
pub struct Withdraw {
    /// Why.
    pub reason: WithdrawReason,
    /// In words; needed where the reason is [`WithdrawReason::Other`].
    pub comment: String,
}

/// A rejection about to be applied.
pub(super) struct NewRejection {
    pub(super) cause: ClosureCause,
    pub(super) primary: PrimaryRejection,
    pub(super) further: Vec<FurtherRejection>,
    pub(super) comment: String,
    pub(super) time: Timestamp,
    pub(super) remedy: Remedy,
}

impl Claim {
    /// Withdraws a claim for good (R25).
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`] in EDITING and REJECTED.
    pub fn withdraw(&self, withdraw: Withdraw, now: Timestamp) -> Result<Transition<Self>, Refusal> {
        let submission = self.admitted_submission(Command::Withdraw)?;
        let Withdraw { reason, comment } = withdraw;
        let entry = EntryDetails::with_reason(&comment).with_change("withdraw_reason", "", reason.as_str());
        let primary = PrimaryRejection::PartnerRequest;
        let remedy = Remedy::Final(Finality::PartnerRequest);
        let rejection =
            NewRejection { cause: ClosureCause::Partner, primary, further: Vec::new(), comment, time: now, remedy };
        Ok(self.close(submission, rejection, entry, now))
    }

    /// The rejection of this claim by `end`. Its lines compete no more, and documents that are added from now on are a dispute's.
    pub(super) fn close(
        &self,
        submission: &Submission,
        new_rejection: NewRejection,
        entry: EntryDetails,
        now: Timestamp,
    ) -> Transition<Self> {
        let NewRejection { cause, primary, further, comment, time, remedy } = new_rejection;
        let mut entry = entry.with_change("rejection.primary_reason", "", primary.as_str());
        for reason in &further {
            entry = entry.with_change("rejection.further_reasons", "", reason.as_str());
        }
        let ended = self.state.association().cloned();
        if let Some(live @ (Association::Pending | Association::Granted { .. } | Association::Official { .. })) = &ended
        {
            entry = entry.with_change("association_state", live.as_str(), "ended");
        }
        let mut builder = TransitionBuilder::new(self, now);
        let entry = builder.claim.set_contested(&[], entry);
        let rejection = Rejection { primary, further, comment, time, remedy, ended };
        let dispute_due = rejection.dispute_window().map(|window| window.due);
        let before = submission;
        let (documents_before, review) = (self.evidence.len(), ReviewProgress::default());
        let mut submission = Submission { documents_before, review, ..before.clone() };
        if primary == PrimaryRejection::CustomerDeclined {
            submission.record_decline(time);
        }
        let entry = entry.with_review_due(before, None).with_consent_change(before, &submission);
        let (tenant, review_case) = (submission.tenant, submission.review_case);
        builder.claim.state = State::Rejected(submission, rejection);
        builder.record(What::Closed(ClaimClosure { cause, primary, tenant, review_case, dispute_due }), entry);
        builder.build()
    }
}

impl NewRejection {
    /// By the fact `by`, effective at `time`.
    pub(super) const fn by_fact(fact: FactKind, primary: PrimaryRejection, time: Timestamp, remedy: Remedy) -> Self {
        Self { cause: ClosureCause::Fact(fact), primary, further: Vec::new(), comment: String::new(), time, remedy }
    }
}

impl Submission {
    /// The customer declines: what they approved before counts no more (R26).
    pub(super) const fn record_decline(&mut self, time: Timestamp) {
        self.declined = Some(time);
        self.explicit_approval = None;
    }
}
