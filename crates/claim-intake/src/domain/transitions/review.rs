//! What poe-review reports (R19, R20, R23, R24).
use super::{
    apply::{Applied, At},
    close::End,
};
use crate::domain::{
    Association, Claim, Comment, FactKind, PartnerAction, ReviewFact, ReviewProgress, State, StateKind, Submission,
    What, claim::Next,
};
use cpor_durable::Transition;
use cpor_types::{FurtherRejection, LineId, PartnerActionReason, PrimaryRejection, Timestamp, rfc3339};

impl Claim {
    pub(super) fn take_review(&self, fact: &ReviewFact, submission: &Submission, at: &At<'_>) -> Applied {
        match fact {
            ReviewFact::Assigned(reviewer) => Ok(Some(self.assigned(submission, reviewer.clone(), at))),
            ReviewFact::Opened(due) => Ok(Some(self.opened(submission, *due, at))),
            ReviewFact::Started(reviewer, due) => Ok(Some(self.started(submission, reviewer, *due, at))),
            ReviewFact::ActionRequested { reasons, remove_lines, said } => {
                self.action_requested(submission, reasons, remove_lines, said.clone(), at)
            }
            ReviewFact::Approved(said) => Ok(Some(self.approved(submission, said.clone(), at))),
            ReviewFact::Rejected(further, said) => self.rejected(submission, further, said.clone(), at),
            ReviewFact::ApprovalRefused(lines, due) => Ok(Some(self.approval_refused(submission, lines, *due, at))),
            ReviewFact::ApprovalBegun => Ok(Some(self.approval_begun(submission, at))),
            ReviewFact::Reminded(_) => {
                Ok(Some(self.noted(What::Reported(FactKind::ReviewReminded), at.entry(), at.now)))
            }
            ReviewFact::Overdue(_) => Ok(Some(self.noted(What::Reported(FactKind::ReviewOverdue), at.entry(), at.now))),
            ReviewFact::Noted(_) => Ok(Some(self.noted(What::Reported(FactKind::ReviewNoted), at.entry(), at.now))),
            ReviewFact::LinesAwarded { awards, said } => self.lines_awarded(submission, awards, said.clone(), at),
            ReviewFact::CompetitionChanged { contested, notice, due } => {
                Ok(Some(self.competition_changed(submission, contested, *notice, *due, at)))
            }
        }
    }

    fn assigned(&self, submission: &Submission, reviewer: Option<String>, at: &At<'_>) -> Transition<Self> {
        let before = submission.reviewer.clone().unwrap_or_default();
        let entry = at.entry().changing("reviewer", before, reviewer.clone().unwrap_or_default());
        let mut next = Next::of(self, at.now);
        next.claim.state = self.state.with_submission(Submission { reviewer, ..submission.clone() });
        next.record(What::Reported(FactKind::ReviewAssigned), entry);
        next.done()
    }

    /// R45: the case waits for its start.
    fn opened(&self, submission: &Submission, due: Option<Timestamp>, at: &At<'_>) -> Transition<Self> {
        let mut next = Next::of(self, at.now);
        next.claim.state = self.state.with_submission(submission.clocked(due));
        next.record(What::Reported(FactKind::ReviewOpened), at.entry().clocked(submission, due));
        next.done()
    }

    /// R19; a disputed claim stays so while it is reviewed (R28).
    fn started(
        &self,
        submission: &Submission,
        reviewer: &str,
        due: Option<Timestamp>,
        at: &At<'_>,
    ) -> Transition<Self> {
        let mut next = Next::of(self, at.now);
        let before = submission.reviewer.as_deref().unwrap_or_default();
        let entry = if before == reviewer { at.entry() } else { at.entry().changing("reviewer", before, reviewer) };
        let entry = entry.clocked(submission, due);
        let review = ReviewProgress { started: true, approving: false, due };
        let reviewer = Some(reviewer.to_owned());
        let submission = Submission { reviewer, review, ..submission.clone() };
        next.claim.state = match self.is_disputed() {
            true => State::Disputed(submission),
            false => State::UnderReview(submission),
        };
        next.record(What::Reported(FactKind::ReviewStarted), entry);
        next.done()
    }

    /// R20. Both deadlines run from the request itself, however late it is reported (R47).
    fn action_requested(
        &self,
        submission: &Submission,
        reasons: &[PartnerActionReason],
        remove_lines: &[LineId],
        said: Option<Comment>,
        at: &At<'_>,
    ) -> Applied {
        let response = at.rules.response_window(submission, at.time)?;
        let asked = reasons.iter().map(|reason| reason.as_str()).collect::<Vec<_>>().join(", ");
        let entry = at.entry().saying(said).clocked(submission, None).changing("partner_action.reasons", "", asked);
        let mut entry = entry.changing("partner_action.due_time", "", rfc3339(response.deadline.due));
        if !remove_lines.is_empty() {
            let lines = remove_lines.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            entry = entry.changing("partner_action.remove_lines", "", lines);
        }
        let action = PartnerAction {
            reasons: reasons.to_vec(),
            comment: at.reason.clone(),
            request_time: at.time,
            remedy_if_missed: at.rules.remedy(submission, response.deadline.due)?,
            response,
            remove_lines: remove_lines.to_vec(),
            disputed: self.is_disputed(),
            edits: 0,
            comments: 0,
        };
        let (documents_before, review) = (self.evidence.len(), ReviewProgress::default());
        let submission = Submission { documents_before, review, ..submission.clone() };
        let mut next = Next::of(self, at.now);
        next.claim.state = State::PartnerActionRequired(submission, action);
        next.record(What::Reported(FactKind::PartnerActionRequested), entry);
        Ok(Some(next.done()))
    }

    /// R23: until the registry has answered, no clock runs and nothing can be decided.
    fn approval_begun(&self, submission: &Submission, at: &At<'_>) -> Transition<Self> {
        let mut next = Next::of(self, at.now);
        let review = ReviewProgress { approving: true, due: None, ..submission.review };
        next.claim.state = self.state.with_submission(Submission { review, ..submission.clone() });
        next.record(What::Reported(FactKind::ApprovalBegun), at.entry().clocked(submission, None));
        next.done()
    }

    /// R23; where the customer approved before, the association is granted in the same step (R26a).
    fn approved(&self, submission: &Submission, said: Option<Comment>, at: &At<'_>) -> Transition<Self> {
        let official = submission.explicit_approval.is_some();
        let association = match official {
            true => Association::Granted { since: at.time },
            false => Association::Pending,
        };
        let explicit_approval_needed = submission.needs_explicit_approval();
        let mut next = Next::of(self, at.now);
        let review = ReviewProgress { started: true, approving: false, due: None };
        let approved =
            Submission { documents_before: self.evidence.len(), bounced: false, review, ..submission.clone() };
        next.claim.state = State::Approved(approved, association);
        let entry = at.entry().saying(said).changing("association_state", "", "pending");
        next.record(What::Approved { official, explicit_approval_needed }, entry);
        if official {
            next.grant(submission.tenant);
        }
        next.done()
    }

    /// R24, R31.
    fn rejected(
        &self,
        submission: &Submission,
        further: &[FurtherRejection],
        said: Option<Comment>,
        at: &At<'_>,
    ) -> Applied {
        let remedy = at.rules.remedy(submission, at.time)?;
        let primary = PrimaryRejection::InsufficientPoe;
        let mut end = End::by_fact(FactKind::ReviewRejected, primary, at.time, remedy);
        end.further = further.to_vec();
        end.comment.clone_from(&at.reason);
        Ok(Some(self.close(submission, end, at.entry().saying(said), at.now)))
    }

    fn is_disputed(&self) -> bool {
        self.state.kind() == StateKind::Disputed
    }

    /// R36: the case goes on, with what was left on its clocks.
    fn approval_refused(
        &self,
        submission: &Submission,
        refusals: &[(Option<LineId>, String)],
        due: Option<Timestamp>,
        at: &At<'_>,
    ) -> Transition<Self> {
        let entry = refusals.iter().fold(at.entry(), |entry, (line, reason)| {
            let place = self.content.lines.iter().position(|known| Some(known.id) == *line);
            let whole = if line.is_some() { "lines" } else { "claim" };
            let field = place.map_or_else(|| whole.to_owned(), |place| format!("lines[{place}]"));
            entry.changing(&field, "", reason)
        });
        let entry = entry.clocked(submission, due);
        let review = ReviewProgress { approving: false, due, ..submission.review };
        let mut next = Next::of(self, at.now);
        next.claim.state = self.state.with_submission(Submission { review, ..submission.clone() });
        next.record(What::Reported(FactKind::ApprovalRefused), entry);
        next.done()
    }
}
