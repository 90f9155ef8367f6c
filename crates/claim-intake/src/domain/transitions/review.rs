//! Applies the facts that poe-review reports (R19, R20, R23, R24). The `due` time of a fact is the
//! earliest deadline of the review, or `None` while its deadlines are stopped. A *line* is the part
//! of a claim that is about one workload or subscription of the customer.
use super::{
    apply::{ApplyResult, FactContext},
    close::NewRejection,
};
use crate::domain::{
    Association, Claim, ClaimStateKind, Comment, EventKind, FactKind, PartnerAction, ReviewFact, ReviewProgress, State,
    Submission, claim::TransitionBuilder,
};
use cpor_durable::Transition;
use cpor_types::{FurtherRejectionReason, LineId, PartnerActionReason, PrimaryRejectionReason, Timestamp, rfc3339};

impl Claim {
    /// Applies a fact that the transition table allows.
    pub(super) fn apply_review_fact(
        &self,
        fact: &ReviewFact,
        submission: &Submission,
        context: &FactContext<'_>,
    ) -> ApplyResult {
        match fact {
            ReviewFact::Assigned(reviewer) => Ok(Some(self.apply_assigned(submission, reviewer.clone(), context))),
            ReviewFact::Opened(due) => Ok(Some(self.apply_opened(submission, *due, context))),
            ReviewFact::Started(reviewer, due) => Ok(Some(self.apply_started(submission, reviewer, *due, context))),
            ReviewFact::ActionRequested { reasons, remove_lines, comment } => {
                self.apply_action_requested(submission, reasons, remove_lines, comment.clone(), context)
            }
            ReviewFact::StatementRequested(comment) => {
                self.apply_statement_requested(submission, comment.clone(), context)
            }
            ReviewFact::ContactConfirmed(email) => Ok(self.apply_contact_confirmed(submission, email, context)),
            ReviewFact::Approved(comment) => self.apply_approved(submission, comment.clone(), context),
            ReviewFact::Rejected(further_reasons, comment) => {
                self.apply_rejected(submission, further_reasons, comment.clone(), context)
            }
            ReviewFact::ApprovalRefused(refusals, due) => {
                Ok(Some(self.apply_approval_refused(submission, refusals, *due, context)))
            }
            ReviewFact::ApprovalBegun => Ok(Some(self.apply_approval_begun(submission, context))),
            ReviewFact::Reminded(_) => Ok(Some(self.record_only(
                EventKind::FactApplied(FactKind::ReviewReminded),
                context.entry(),
                context.now,
            ))),
            ReviewFact::Overdue(_) => Ok(Some(self.record_only(
                EventKind::FactApplied(FactKind::ReviewOverdue),
                context.entry(),
                context.now,
            ))),
            ReviewFact::Noted(_) => {
                Ok(Some(self.record_only(EventKind::FactApplied(FactKind::ReviewNoted), context.entry(), context.now)))
            }
            ReviewFact::LinesAwarded { awards, comment } => {
                self.apply_lines_awarded(submission, awards, comment.clone(), context)
            }
            ReviewFact::CompetitionChanged { contested, awarded, comment_id, due } => {
                let contested_and_awarded = (contested.as_slice(), awarded.as_slice());
                Ok(Some(self.apply_competition_changed(submission, contested_and_awarded, *comment_id, *due, context)))
            }
        }
    }

    /// R19: the case was assigned to `reviewer`; `None` means that it no longer has a reviewer.
    fn apply_assigned(
        &self,
        submission: &Submission,
        reviewer: Option<String>,
        context: &FactContext<'_>,
    ) -> Transition<Self> {
        let previous_reviewer = submission.reviewer.clone().unwrap_or_default();
        let entry = context.entry().with_change("reviewer", previous_reviewer, reviewer.clone().unwrap_or_default());
        let mut builder = TransitionBuilder::new(self, context.now);
        builder.claim.state = self.state.with_submission(Submission { reviewer, ..submission.clone() });
        builder.record(EventKind::FactApplied(FactKind::ReviewAssigned), entry);
        builder.build()
    }

    /// R45: the review case is open and no reviewer has started it yet.
    fn apply_opened(
        &self,
        submission: &Submission,
        due: Option<Timestamp>,
        context: &FactContext<'_>,
    ) -> Transition<Self> {
        let mut builder = TransitionBuilder::new(self, context.now);
        builder.claim.state = self.state.with_submission(submission.with_review_due(due));
        builder
            .record(EventKind::FactApplied(FactKind::ReviewOpened), context.entry().with_review_due(submission, due));
        builder.build()
    }

    /// R19: a reviewer started the review. A disputed claim stays DISPUTED during the review (R28).
    fn apply_started(
        &self,
        submission: &Submission,
        reviewer: &str,
        due: Option<Timestamp>,
        context: &FactContext<'_>,
    ) -> Transition<Self> {
        let mut builder = TransitionBuilder::new(self, context.now);
        let previous_reviewer = submission.reviewer.as_deref().unwrap_or_default();
        let entry = if previous_reviewer == reviewer {
            context.entry()
        } else {
            context.entry().with_change("reviewer", previous_reviewer, reviewer)
        };
        let entry = entry.with_review_due(submission, due);
        let review = ReviewProgress { started: true, approving: false, due };
        let reviewer = Some(reviewer.to_owned());
        let submission = Submission { reviewer, review, ..submission.clone() };
        builder.claim.state = match self.is_disputed() {
            true => State::Disputed(submission),
            false => State::UnderReview(submission),
        };
        builder.record(EventKind::FactApplied(FactKind::ReviewStarted), entry);
        builder.build()
    }

    /// R20: the reviewer requested partner action. R47: the response window, and the dispute window
    /// that follows it, start at the time of the request, even if it is reported late.
    fn apply_action_requested(
        &self,
        submission: &Submission,
        reasons: &[PartnerActionReason],
        remove_lines: &[LineId],
        comment: Option<Comment>,
        context: &FactContext<'_>,
    ) -> ApplyResult {
        let response = context.rules.response_window(submission, context.effective_time)?;
        let reason_names = reasons.iter().map(|reason| reason.as_str()).collect::<Vec<_>>().join(", ");
        let entry = context.entry().with_comment(comment).with_review_due(submission, None).with_change(
            "partner_action.reasons",
            "",
            reason_names,
        );
        let mut entry = entry.with_change("partner_action.due_time", "", rfc3339(response.deadline.due));
        if !remove_lines.is_empty() {
            let lines = remove_lines.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            entry = entry.with_change("partner_action.remove_lines", "", lines);
        }
        let action = PartnerAction {
            reasons: reasons.to_vec(),
            comment: context.reason.clone(),
            request_time: context.effective_time,
            remedy_if_unanswered: context.rules.remedy(submission, response.deadline.due)?,
            response,
            remove_lines: remove_lines.to_vec(),
            disputed: self.is_disputed(),
            edits: 0,
            comments: 0,
        };
        let (document_count_at_start, review) = (self.evidence.len(), ReviewProgress::default());
        let submission = Submission { document_count_at_start, review, ..submission.clone() };
        let mut builder = TransitionBuilder::new(self, context.now);
        builder.claim.state = State::PartnerActionRequired(submission, action);
        builder.record(EventKind::FactApplied(FactKind::PartnerActionRequested), entry);
        Ok(Some(builder.build()))
    }

    /// R23: the reviewer approved, and the registry was asked to hold the lines: to reserve their
    /// workloads or subscriptions for the partner. Until the registry answers, the deadlines of the
    /// review are stopped and the reviewer cannot decide.
    fn apply_approval_begun(&self, submission: &Submission, context: &FactContext<'_>) -> Transition<Self> {
        let mut builder = TransitionBuilder::new(self, context.now);
        let review = ReviewProgress { approving: true, due: None, ..submission.review };
        builder.claim.state = self.state.with_submission(Submission { review, ..submission.clone() });
        builder
            .record(EventKind::FactApplied(FactKind::ApprovalBegun), context.entry().with_review_due(submission, None));
        builder.build()
    }

    /// R23: the claim is approved. If the customer approved before, the association is granted in
    /// the same transition (R26a).
    fn apply_approved(
        &self,
        submission: &Submission,
        comment: Option<Comment>,
        context: &FactContext<'_>,
    ) -> ApplyResult {
        let customer_approved = submission.explicit_approval.is_some();
        let delivery_due = Some(context.rules.delivery_due(submission, context.effective_time)?);
        let association = match customer_approved {
            true => Association::Granted { since: context.effective_time },
            false => Association::Pending,
        };
        let explicit_approval_needed = submission.needs_explicit_approval();
        let mut builder = TransitionBuilder::new(self, context.now);
        let review = ReviewProgress { started: true, approving: false, due: None };
        let approved = Submission {
            document_count_at_start: self.evidence.len(),
            is_notice_bounced: false,
            delivery_due,
            grant_time: customer_approved.then_some(context.effective_time),
            consent_ended: false,
            consent_request_times: Vec::new(),
            review,
            statement: None,
            ..submission.clone()
        };
        builder.claim.state = State::Approved(approved, association);
        let entry = context.entry().with_comment(comment).with_change("association_state", "", "pending");
        builder.record(EventKind::Approved { customer_approved, explicit_approval_needed }, entry);
        if customer_approved {
            builder.record_grant(submission.tenant);
        }
        Ok(Some(builder.build()))
    }

    /// R43a: a reviewer confirmed the customer contact. Returns `None` if the claim has another
    /// contact by now, or the contact needs no confirmation.
    fn apply_contact_confirmed(
        &self,
        submission: &Submission,
        email: &str,
        context: &FactContext<'_>,
    ) -> Option<Transition<Self>> {
        if self.is_contact_authorized() || self.content.customer_contact.email.expose() != email {
            return None;
        }
        let mut builder = TransitionBuilder::new(self, context.now);
        let confirmed = Submission { contact_confirmed: Some(context.effective_time), ..submission.clone() };
        builder.claim.state = self.state.with_submission(confirmed);
        builder.record(EventKind::ContactConfirmed, context.entry().with_change("contact_authorized", "false", "true"));
        Some(builder.build())
    }

    /// R24, R31: the reviewer rejected the claim for insufficient proof of execution.
    fn apply_rejected(
        &self,
        submission: &Submission,
        further_reasons: &[FurtherRejectionReason],
        comment: Option<Comment>,
        context: &FactContext<'_>,
    ) -> ApplyResult {
        let remedy = context.rules.remedy(submission, context.effective_time)?;
        let primary_reason = PrimaryRejectionReason::InsufficientPoe;
        let mut rejection =
            NewRejection::by_fact(FactKind::ReviewRejected, primary_reason, context.effective_time, remedy);
        rejection.further_reasons = further_reasons.to_vec();
        rejection.comment.clone_from(&context.reason);
        Ok(Some(self.close(submission, rejection, context.entry().with_comment(comment), context.now)))
    }

    /// Returns whether the claim is in the state DISPUTED.
    fn is_disputed(&self) -> bool {
        self.state.kind() == ClaimStateKind::Disputed
    }

    /// R36: the registry refused to hold the lines, so the approval failed. The review continues
    /// with the time that was left. `refusals` are the registry's reasons, each for a line or for
    /// the claim as a whole.
    fn apply_approval_refused(
        &self,
        submission: &Submission,
        refusals: &[(Option<LineId>, String)],
        due: Option<Timestamp>,
        context: &FactContext<'_>,
    ) -> Transition<Self> {
        let entry = refusals.iter().fold(context.entry(), |entry, (line, reason)| {
            let index = self.content.lines.iter().position(|claimed| Some(claimed.id) == *line);
            let fallback_field = if line.is_some() { "lines" } else { "claim" };
            let field = index.map_or_else(|| fallback_field.to_owned(), |index| format!("lines[{index}]"));
            entry.with_change(&field, "", reason)
        });
        let entry = entry.with_review_due(submission, due);
        let review = ReviewProgress { approving: false, due, ..submission.review };
        let mut builder = TransitionBuilder::new(self, context.now);
        builder.claim.state = self.state.with_submission(Submission { review, ..submission.clone() });
        builder.record(EventKind::FactApplied(FactKind::ApprovalRefused), entry);
        builder.build()
    }
}
