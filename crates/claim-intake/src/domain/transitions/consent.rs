//! What customer-consent reports (R26, R26a, R27, R41).
use super::{
    apply::{Applied, At},
    close::End,
};
use crate::domain::{
    Association, Claim, ConsentFact, FactKind, Finality, Remedy, State, Submission, What,
    claim::{Entry, Next},
};
use cpor_durable::Transition;
use cpor_types::{PrimaryRejection, TenantId, Timestamp, rfc3339};

impl Claim {
    pub(super) fn take_consent(&self, fact: &ConsentFact, submission: &Submission, at: &At<'_>) -> Applied {
        match fact {
            ConsentFact::NoticeSettled { accepted, .. } => Ok(Some(self.notice_settled(submission, *accepted, at))),
            ConsentFact::WindowOpened { due, .. } => Ok(Some(self.window_opened(submission, *due, at))),
            // Who declined before has to say yes (R28).
            ConsentFact::WindowPassed if submission.needs_explicit_approval() => Ok(None),
            ConsentFact::WindowPassed => Ok(self.grant(submission.clone(), FactKind::ConsentWindowPassed, at)),
            ConsentFact::Approved { .. } => Ok(self.customer_approved(submission, at)),
            ConsentFact::Declined { channel, comment } => self.declined(submission, channel, comment, at),
        }
    }

    /// R41: nothing but what the claim is said to wait for (R60) changes.
    fn notice_settled(&self, submission: &Submission, accepted: bool, at: &At<'_>) -> Transition<Self> {
        let mut next = Next::of(self, at.now);
        next.claim.state = self.state.with_submission(Submission { bounced: !accepted, ..submission.clone() });
        next.record(What::Reported(FactKind::NoticeSettled), at.entry());
        next.done()
    }

    /// R41; the profile says whether it opens before the approval or after it. Where the customer has approved already, it only takes the
    /// chance to decline with it.
    fn window_opened(&self, submission: &Submission, due: Timestamp, at: &At<'_>) -> Transition<Self> {
        let before = submission.consent_due.map(rfc3339).unwrap_or_default();
        let mut next = Next::of(self, at.now);
        next.claim.state = self.state.with_submission(Submission { consent_due: Some(due), ..submission.clone() });
        let entry = at.entry().changing("consent_due_time", before, rfc3339(due));
        next.record(What::Reported(FactKind::ConsentWindowOpened), entry);
        next.done()
    }

    /// R26a: before approval it is kept for the approval, after it the association is granted at once. A repeat changes
    /// nothing, and neither does an answer to what was asked before the partner's last edit (R29).
    fn customer_approved(&self, submission: &Submission, at: &At<'_>) -> Option<Transition<Self>> {
        let lapsed = submission.asked_anew.is_some_and(|asked| at.time < asked);
        if lapsed || submission.explicit_approval.is_some() {
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
            Association::Granted { .. } | Association::Official { .. } | Association::Ended { .. } => None,
            Association::Pending => {
                let tenant = submission.tenant;
                let mut next = Next::of(self, at.now);
                next.claim.state = State::Approved(submission, Association::Granted { since: at.time });
                next.record(What::Reported(fact), at.entry());
                next.grant(tenant);
                Some(next.done())
            }
        }
    }

    /// R26: beats an explicit approval, in every state from SUBMITTED to APPROVED, unless every association is over (R37, R39).
    fn declined(&self, submission: &Submission, channel: &str, comment: &str, at: &At<'_>) -> Applied {
        if matches!(self.state.association(), Some(Association::Ended { .. })) {
            return Ok(None);
        }
        if self.state.rejection().is_some() {
            return Ok(self.declined_when_rejected(submission, at));
        }
        let remedy = match channel {
            ConsentFact::SILENCE => Remedy::Final(Finality::NoExplicitApproval),
            _ => at.rules.remedy(submission, at.time)?,
        };
        let mut end = End::by_fact(FactKind::CustomerDeclined, PrimaryRejection::CustomerDeclined, at.time, remedy);
        comment.clone_into(&mut end.comment);
        Ok(Some(self.close(submission, end, at.entry(), at.now)))
    }

    /// R28: recorded while the rejection can be disputed, and counts if it is. A repeat changes nothing.
    fn declined_when_rejected(&self, submission: &Submission, at: &At<'_>) -> Option<Transition<Self>> {
        self.state.rejection()?.dispute_window()?;
        if submission.declined.is_some() {
            return None;
        }
        let mut submission = submission.clone();
        submission.decline(at.time);
        let mut next = Next::of(self, at.now);
        next.claim.state = self.state.with_submission(submission);
        next.record(What::Reported(FactKind::CustomerDeclined), at.entry());
        Some(next.done())
    }
}

impl Next {
    /// Records that the registry is told to put the association on record.
    pub(super) fn grant(&mut self, tenant: TenantId) {
        self.record(What::Granted { tenant }, Entry::default());
    }
}
