//! What customer-consent reports (R26, R26a, R27, R41).
use super::{
    apply::{Applied, At},
    close::End,
};
use crate::domain::{
    Association, Claim, ConsentFact, FactKind, State, Submission, What,
    claim::{Entry, Next},
};
use cpor_durable::Transition;
use cpor_types::{PrimaryRejection, TenantId, Timestamp, rfc3339};

impl Claim {
    pub(super) fn take_consent(&self, fact: &ConsentFact, submission: &Submission, at: &At<'_>) -> Applied {
        match fact {
            ConsentFact::NoticeSettled { .. } => {
                Ok(Some(self.noted(What::Reported(FactKind::NoticeSettled), at.entry(), at.now)))
            }
            ConsentFact::WindowOpened { due, .. } => Ok(Some(self.window_opened(submission, *due, at))),
            ConsentFact::WindowPassed => Ok(self.grant(submission.clone(), FactKind::ConsentWindowPassed, at)),
            ConsentFact::Approved { .. } => Ok(self.customer_approved(submission, at)),
            ConsentFact::Declined { comment, .. } => self.declined(submission, comment, at),
        }
    }

    /// R41. Where the customer approved before, the window only takes the chance to decline with it: history.
    fn window_opened(&self, submission: &Submission, due: Timestamp, at: &At<'_>) -> Transition<Self> {
        let mut next = Next::of(self, at.now);
        let mut before = None;
        if let Some(Association::Pending { consent_due }) = self.state.association() {
            before = *consent_due;
            next.claim.state = State::Approved(submission.clone(), Association::Pending { consent_due: Some(due) });
        }
        let before = before.map(rfc3339).unwrap_or_default();
        let entry = at.entry().changing("consent_due_time", before, rfc3339(due));
        next.record(What::Reported(FactKind::ConsentWindowOpened), entry);
        next.done()
    }

    /// R26a: before approval it is kept for the approval, after it the association is granted at once. A repeat changes
    /// nothing.
    fn customer_approved(&self, submission: &Submission, at: &At<'_>) -> Option<Transition<Self>> {
        if submission.explicit_approval.is_some() {
            return None;
        }
        let submission = Submission { explicit_approval: Some(at.time), ..submission.clone() };
        if self.state.association().is_some() {
            return self.grant(submission, FactKind::CustomerApproved, at);
        }
        let mut next = Next::of(self, at.now);
        next.claim.state = self.state.with_submission(submission);
        next.record(What::Reported(FactKind::CustomerApproved), at.entry());
        Some(next.done())
    }

    /// Grants a pending association because of `fact`: R26a, or R27, where the window itself judged that no decline
    /// came in time.
    fn grant(&self, submission: Submission, fact: FactKind, at: &At<'_>) -> Option<Transition<Self>> {
        match self.state.association()? {
            Association::Granted { .. } | Association::Official { .. } => None,
            Association::Pending { .. } => {
                let tenant = submission.tenant;
                let mut next = Next::of(self, at.now);
                next.claim.state = State::Approved(submission, Association::Granted { since: at.time });
                next.record(What::Reported(fact), at.entry());
                next.grant(tenant);
                Some(next.done())
            }
        }
    }

    /// R26: beats an explicit approval, in every state from SUBMITTED to APPROVED.
    fn declined(&self, submission: &Submission, comment: &str, at: &At<'_>) -> Applied {
        let dispute = at.rules.dispute_deadline(submission, at.time)?;
        let primary = PrimaryRejection::CustomerDeclined;
        let mut end = End::by_fact(FactKind::CustomerDeclined, primary, at.time, dispute);
        comment.clone_into(&mut end.comment);
        Ok(Some(self.close(submission, end, at.entry(), at.now)))
    }
}

impl Next {
    /// Records that the registry is told to put the association on record.
    pub(super) fn grant(&mut self, tenant: TenantId) {
        self.record(What::Granted { tenant }, Entry::default());
    }
}
