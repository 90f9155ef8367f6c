//! The ways to the end of a claim: all of them close its case, its window and its holds (R22, R24–R26).
use crate::domain::{
    Association, Claim, ClosedBy, Closing, Command, FactKind, Finality, Refusal, Rejection, Remedy, ReviewProgress,
    State, Submission, What,
    claim::{Entry, Next},
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
pub(super) struct End {
    pub(super) by: ClosedBy,
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
        let submission = self.admit_submitted(Command::Withdraw)?;
        let Withdraw { reason, comment } = withdraw;
        let entry = Entry::because(&comment).changing("withdraw_reason", "", reason.as_str());
        let primary = PrimaryRejection::PartnerRequest;
        let remedy = Remedy::Final(Finality::PartnerRequest);
        let end = End { by: ClosedBy::Partner, primary, further: Vec::new(), comment, time: now, remedy };
        Ok(self.close(submission, end, entry, now))
    }

    /// The rejection of this claim by `end`. Its lines compete no more, and documents that are added from now on are a dispute's.
    pub(super) fn close(&self, submission: &Submission, end: End, entry: Entry, now: Timestamp) -> Transition<Self> {
        let End { by, primary, further, comment, time, remedy } = end;
        let mut entry = entry.changing("rejection.primary_reason", "", primary.as_str());
        for reason in &further {
            entry = entry.changing("rejection.further_reasons", "", reason.as_str());
        }
        let ended = self.state.association().cloned();
        if let Some(live @ (Association::Pending | Association::Granted { .. } | Association::Official { .. })) = &ended
        {
            entry = entry.changing("association_state", live.as_str(), "ended");
        }
        let mut next = Next::of(self, now);
        let entry = next.claim.contest(&[], entry);
        let rejection = Rejection { primary, further, comment, time, remedy, ended };
        let dispute_due = rejection.dispute_window().map(|window| window.due);
        let before = submission;
        let (documents_before, review) = (self.evidence.len(), ReviewProgress::default());
        let mut submission = Submission { documents_before, review, ..before.clone() };
        if primary == PrimaryRejection::CustomerDeclined {
            submission.decline(time);
        }
        let entry = entry.clocked(before, None).consenting(before, &submission);
        let (tenant, review_case) = (submission.tenant, submission.review_case);
        next.claim.state = State::Rejected(submission, rejection);
        next.record(What::Closed(Closing { by, primary, tenant, review_case, dispute_due }), entry);
        next.done()
    }
}

impl End {
    /// By the fact `by`, effective at `time`.
    pub(super) const fn by_fact(by: FactKind, primary: PrimaryRejection, time: Timestamp, remedy: Remedy) -> Self {
        Self { by: ClosedBy::Fact(by), primary, further: Vec::new(), comment: String::new(), time, remedy }
    }
}

impl Submission {
    /// The customer declines: what they approved before counts no more (R26).
    pub(super) const fn decline(&mut self, time: Timestamp) {
        self.declined = Some(time);
        self.explicit_approval = None;
    }
}
