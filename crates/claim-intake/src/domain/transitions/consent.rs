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
use cpor_types::{PrimaryRejection, TenantId, Timestamp};

impl Claim {
    pub(super) fn take_consent(&self, fact: &ConsentFact, submission: &Submission, at: &At<'_>) -> Applied {
        match fact {
            ConsentFact::NoticeResent { notice, previous } => {
                Ok(Some(self.notice_resent(submission, notice, previous, at)))
            }
            ConsentFact::NoticeSettled { notice, bounced } => {
                Ok(Some(self.notice_settled(submission, notice, bounced.is_some(), at)))
            }
            ConsentFact::WindowOpened { due, .. } => Ok(Some(self.window_opened(submission, *due, at))),
            // Who declined before has to say yes (R28).
            ConsentFact::WindowPassed if submission.needs_explicit_approval() => Ok(None),
            ConsentFact::WindowPassed => Ok(self.window_passed(submission, at)),
            ConsentFact::Approved { askings, .. } => Ok(self.customer_approved(submission, *askings, at)),
            ConsentFact::Declined { channel, comment } => self.declined(submission, channel, comment, at),
        }
    }

    /// R44: with the new notice on its way, a bounce of the last one is nobody's to mend any more.
    fn notice_resent(&self, submission: &Submission, notice: &str, previous: &str, at: &At<'_>) -> Transition<Self> {
        let mut next = Next::of(self, at.now);
        next.claim.state = self.state.with_submission(Submission { bounced: false, ..submission.clone() });
        let entry = at.entry().changing(&format!("notices.{notice}"), previous, "queued");
        next.record(What::Reported(FactKind::NoticeResent), entry);
        next.done()
    }

    /// R41: nothing but what the claim is said to wait for (R60) changes.
    fn notice_settled(&self, submission: &Submission, notice: &str, bounced: bool, at: &At<'_>) -> Transition<Self> {
        let mut next = Next::of(self, at.now);
        next.claim.state = self.state.with_submission(Submission { bounced, ..submission.clone() });
        let became = if bounced { "bounced" } else { "accepted" };
        let entry = at.entry().changing(&format!("notices.{notice}"), "queued", became);
        next.record(What::Reported(FactKind::NoticeSettled), entry);
        next.done()
    }

    /// R41; the profile says whether it opens before the approval or after it. Where the customer has approved already, it only takes the
    /// chance to decline with it.
    fn window_opened(&self, submission: &Submission, due: Timestamp, at: &At<'_>) -> Transition<Self> {
        let mut next = Next::of(self, at.now);
        next.claim.state = self.state.with_submission(Submission { consent_due: Some(due), ..submission.clone() });
        let entry = at.entry().windowed(submission, Some(due));
        next.record(What::Reported(FactKind::ConsentWindowOpened), entry);
        next.done()
    }

    /// R27, where the window itself judged that no decline came in time. Where the association is on record already (R26a), only the chance
    /// to decline passes.
    fn window_passed(&self, submission: &Submission, at: &At<'_>) -> Option<Transition<Self>> {
        let (fact, entry) = (FactKind::ConsentWindowPassed, at.entry().changing("consent_window", "open", "passed"));
        match self.state.association()? {
            Association::Granted { .. } | Association::Official { .. } => {
                Some(self.noted(What::Reported(fact), entry, at.now))
            }
            Association::Pending | Association::Ended { .. } => self.grant(submission.clone(), fact, entry, at),
        }
    }

    /// R26a: before approval it is kept for the approval, after it the association is granted at once. A repeat changes
    /// nothing, and neither does an answer to what was asked before the partner's last edit (R29) or dispute, whenever it was given: the customer
    /// may not have heard of it yet.
    fn customer_approved(&self, submission: &Submission, askings: u32, at: &At<'_>) -> Option<Transition<Self>> {
        if askings != submission.askings || submission.explicit_approval.is_some() {
            return None;
        }
        let approved = Submission { explicit_approval: Some(at.time), ..submission.clone() };
        let entry = at.entry().consenting(submission, &approved);
        if self.state.association().is_some() {
            return self.grant(approved, FactKind::CustomerApproved, entry, at);
        }
        let mut next = Next::of(self, at.now);
        next.claim.state = self.state.with_submission(approved);
        next.record(What::Reported(FactKind::CustomerApproved), entry);
        Some(next.done())
    }

    /// Grants a pending association because of `fact`, which `entry` tells of.
    fn grant(&self, submission: Submission, fact: FactKind, entry: Entry, at: &At<'_>) -> Option<Transition<Self>> {
        match self.state.association()? {
            Association::Granted { .. } | Association::Official { .. } | Association::Ended { .. } => None,
            Association::Pending => {
                let tenant = submission.tenant;
                let mut next = Next::of(self, at.now);
                next.claim.state = State::Approved(submission, Association::Granted { since: at.time });
                next.record(What::Reported(fact), entry);
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

    /// R28: recorded while the rejection can be disputed, and counts if it is. A repeat changes nothing; after an approval it is none.
    fn declined_when_rejected(&self, submission: &Submission, at: &At<'_>) -> Option<Transition<Self>> {
        self.state.rejection()?.dispute_window()?;
        if submission.needs_explicit_approval() {
            return None;
        }
        let mut declined = submission.clone();
        declined.decline(at.time);
        let entry = at.entry().consenting(submission, &declined);
        let mut next = Next::of(self, at.now);
        next.claim.state = self.state.with_submission(declined);
        next.record(What::Reported(FactKind::CustomerDeclined), entry);
        Some(next.done())
    }
}

impl Next {
    /// Records that the registry is told to put the association on record.
    pub(super) fn grant(&mut self, tenant: TenantId) {
        self.record(What::Granted { tenant }, Entry::default().changing("association_state", "pending", "granted"));
    }
}
