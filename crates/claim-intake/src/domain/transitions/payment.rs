//! Declining payment for a claim (R54b). A *policy profile* is a versioned set of values that the
//! business rules leave open (R61).
use crate::domain::{
    Claim, Command, EventKind, Refusal, Submission,
    claim::{EntryDetails, TransitionBuilder},
};
use cpor_durable::Transition;
use cpor_types::{Timestamp, rfc3339};

impl Claim {
    /// Declines payment for the claim (R54b). Its lines are assessed and never paid. The state of
    /// the claim stays the same.
    ///
    /// # Errors
    /// Returns [`Refusal::NotFound`] for a deleted draft, [`Refusal::PaymentNotDeclinable`] if the
    /// policy profile does not allow it, and [`Refusal::NotAllowed`] in the states EDITING and
    /// REJECTED, and if payment was declined before.
    pub fn decline_payment(&self, comment: &str, now: Timestamp) -> Result<Transition<Self>, Refusal> {
        if let Some(submission) = self.state.submission()
            && !submission.policy_values.payment_can_be_declined
        {
            return Err(Refusal::PaymentNotDeclinable { policy: submission.policy.clone() });
        }
        let submission = self.admitted_submission(Command::DeclinePayment)?;
        let tenant = submission.tenant;
        let next = Submission { payment_declined: Some(now), ..submission.clone() };
        let mut builder = TransitionBuilder::new(self, now);
        builder.claim.state = self.state.with_submission(next);
        let entry = EntryDetails::with_reason(comment).with_change("payment_decline_time", "", rfc3339(now));
        builder.record(EventKind::PaymentDeclined { tenant }, entry);
        Ok(builder.build())
    }
}
