//! Applies the facts that customer-consent reports (R26, R26a, R27, R41). A *notice* is a mail to
//! the customer contact about the claim. The *consent window* is the time in which silence of the
//! customer counts as consent or, after an earlier decline, as a decline (R28). An association is
//! *granted* from the end of the window, or from an explicit approval, until the registry service
//! has put it on record; then it is *official*. A *policy profile* is a versioned set of values
//! that the business rules leave open (R61). A *line* is the part of a claim that is about one
//! workload or subscription of the customer.
use super::{
    apply::{ApplyResult, FactContext},
    close::NewRejection,
};
use crate::domain::{
    Association, Claim, ConsentFact, EventKind, FactKind, NotDisputableReason, Remedy, State, Submission,
    claim::{EntryDetails, TransitionBuilder},
};
use cpor_durable::Transition;
use cpor_types::{PrimaryRejectionReason, TenantId, Timestamp};

impl Claim {
    /// Applies a fact that the transition table allows.
    pub(super) fn apply_consent_fact(
        &self,
        fact: &ConsentFact,
        submission: &Submission,
        context: &FactContext<'_>,
    ) -> ApplyResult {
        match fact {
            ConsentFact::NoticeResent { notice, previous } => {
                Ok(Some(self.apply_notice_resent(submission, notice, previous, context)))
            }
            ConsentFact::NoticeReported { notice, previous, bounce_reason, consent_request_number } => {
                let entry = context.entry().with_change(
                    &format!("notices.{notice}"),
                    previous,
                    if bounce_reason.is_some() { "bounced" } else { "accepted" },
                );
                // A notice to a former contact says nothing about the present one (R29, R29a).
                if *consent_request_number != Some(submission.consent_request_number) {
                    let event = EventKind::FactApplied(FactKind::NoticeReported);
                    return Ok(Some(self.record_only(event, entry, context.now)));
                }
                Ok(Some(self.apply_notice_reported(submission, bounce_reason.is_some(), entry, context)))
            }
            ConsentFact::WindowStopped(delivery_due) => {
                Ok(Some(self.apply_window_stopped(submission, *delivery_due, context)))
            }
            // R48: this entry causes the mail that reminds the partner that the customer must be
            // reached soon. The mail is not sent if the customer has been reached by the time of
            // sending.
            ConsentFact::DeliveryReminded => {
                let event = EventKind::FactApplied(FactKind::DeliveryReminded);
                Ok(Some(self.record_only(event, context.entry(), context.now)))
            }
            // R29a: the report is about a former contact, so it does not count. But if the partner
            // corrected the contact only after the time to reach the customer had ended, the
            // correction came too late, and the report counts (R47).
            ConsentFact::NotReached { consent_request_number: Some(number) }
                if *number != submission.consent_request_number
                    && submission.request_time_after(*number).is_none_or(|asked| asked < context.effective_time) =>
            {
                Ok(None)
            }
            ConsentFact::NotReached { .. } => self.apply_not_reached(submission, context),
            ConsentFact::WindowOpened { due, .. } => Ok(Some(self.apply_window_opened(submission, *due, context))),
            // After an edit (R29, R29a) or a dispute the customer is asked again. An answer to an
            // earlier request does not count, because the customer may not have known about the
            // change. Neither does silence on an earlier request.
            ConsentFact::Approved { consent_request_number, .. }
            | ConsentFact::WindowPassed { consent_request_number, .. }
                if *consent_request_number != submission.consent_request_number =>
            {
                Ok(None)
            }
            ConsentFact::WindowPassed { awaits_confirmation: true, .. } => {
                Ok(self.apply_unconfirmed_consent(submission, FactKind::ConsentWindowPassed, context))
            }
            // R28: after an earlier decline, silence is reported as a decline. It lapses in the
            // same way. A decline that the customer has expressed always counts.
            ConsentFact::Declined { channel, consent_request_number, .. }
                if channel == ConsentFact::SILENCE
                    && consent_request_number.is_some_and(|number| number != submission.consent_request_number) =>
            {
                Ok(None)
            }
            // R28, R47: customer-consent repeats the report of a decline when associations that
            // were reported as ended turn out to be on record. The repetition changes nothing if
            // the decline was applied before and the customer has been asked anew since, for
            // example because the partner disputed the rejection.
            ConsentFact::Declined { consent_request_number, .. }
                if submission.declined == Some(context.effective_time)
                    && consent_request_number.is_some_and(|number| number != submission.consent_request_number) =>
            {
                Ok(None)
            }
            // R28: after an earlier decline, the end of the window does not mean consent.
            // customer-consent then reports a decline by silence.
            ConsentFact::WindowPassed { .. } if submission.needs_explicit_approval() => Ok(None),
            ConsentFact::WindowPassed { .. } => Ok(self.apply_window_passed(submission, context)),
            ConsentFact::Approved { awaits_confirmation: true, .. } => {
                Ok(self.apply_unconfirmed_consent(submission, FactKind::CustomerApproved, context))
            }
            ConsentFact::Approved { .. } => Ok(self.apply_customer_approved(submission, context)),
            ConsentFact::Declined { channel, comment, .. } => {
                self.apply_customer_declined(submission, channel, comment, context)
            }
            // R47: the associations may have turned out to be on record after all, so that the
            // customer can decide again; then the report does not count. A repeated report changes
            // nothing: customer-consent repeats it if an earlier end becomes known.
            ConsentFact::Ended { consent_request_number }
                if *consent_request_number != submission.consent_request_number
                    || submission.consent_ended
                    || !matches!(self.state.association(), Some(Association::Ended { .. })) =>
            {
                Ok(None)
            }
            ConsentFact::Ended { .. } => {
                let mut builder = TransitionBuilder::new(self, context.now);
                builder.claim.state =
                    self.state.with_submission(Submission { consent_ended: true, ..submission.clone() });
                builder.record(EventKind::FactApplied(FactKind::ConsentEnded), context.entry());
                Ok(Some(builder.build()))
            }
        }
    }

    /// R44: a notice was requested again. A bounce of the previous mail no longer needs the
    /// attention of an operator.
    fn apply_notice_resent(
        &self,
        submission: &Submission,
        notice: &str,
        previous: &str,
        context: &FactContext<'_>,
    ) -> Transition<Self> {
        let mut builder = TransitionBuilder::new(self, context.now);
        builder.claim.state = self.state.with_submission(Submission { is_notice_bounced: false, ..submission.clone() });
        let entry = context.entry().with_change(&format!("notices.{notice}"), previous, "queued");
        builder.record(EventKind::FactApplied(FactKind::NoticeResent), entry);
        builder.build()
    }

    /// R41: the customer's mail system accepted a notice, or the notice bounced, at once or later
    /// (R41b). This changes only what the claim waits for (R60).
    fn apply_notice_reported(
        &self,
        submission: &Submission,
        bounced: bool,
        entry: EntryDetails,
        context: &FactContext<'_>,
    ) -> Transition<Self> {
        let mut builder = TransitionBuilder::new(self, context.now);
        builder.claim.state =
            self.state.with_submission(Submission { is_notice_bounced: bounced, ..submission.clone() });
        let event = match self.state.association() {
            Some(association) if bounced && !matches!(association, Association::Ended { .. }) => {
                let is_unreached = submission.is_customer_unreached(association);
                let consent_complete = *association != Association::Pending;
                EventKind::NoticeBounced { is_first: is_unreached && !submission.is_notice_bounced, consent_complete }
            }
            Some(_) | None => EventKind::FactApplied(FactKind::NoticeReported),
        };
        builder.record(event, entry);
        builder.build()
    }

    /// R41b: the notice that opened the consent window has bounced after it was accepted, so the
    /// claim waits for another notice to be accepted. The bounce itself was reported before.
    fn apply_window_stopped(
        &self,
        submission: &Submission,
        delivery_due: Option<Timestamp>,
        context: &FactContext<'_>,
    ) -> Transition<Self> {
        let delivery_due = delivery_due.or(submission.delivery_due);
        let mut builder = TransitionBuilder::new(self, context.now);
        let stopped = Submission { consent_due: None, delivery_due, awaits_confirmation: false, ..submission.clone() };
        builder.claim.state = self.state.with_submission(stopped);
        let entry = context.entry().with_consent_due(submission, None);
        builder.record(EventKind::FactApplied(FactKind::ConsentWindowStopped), entry);
        builder.build()
    }

    /// R41a: no notice was accepted in time after the approval, so the claim is rejected and its
    /// lines are no longer reserved. customer-consent has checked that the customer has not
    /// approved.
    fn apply_not_reached(&self, submission: &Submission, context: &FactContext<'_>) -> ApplyResult {
        if self.state.association() != Some(&Association::Pending) {
            return Ok(None);
        }
        let remedy = context.rules.remedy(submission, context.effective_time)?;
        let (fact, primary_reason) = (FactKind::CustomerNotReached, PrimaryRejectionReason::CustomerNotReached);
        let rejection = NewRejection::by_fact(fact, primary_reason, context.effective_time, remedy);
        Ok(Some(self.close(submission, rejection, context.entry(), context.now)))
    }

    /// R41: the consent window opened. The policy profile determines whether this is before or
    /// after the approval of the claim. If the customer has approved already, the window only
    /// limits the time for a decline.
    fn apply_window_opened(
        &self,
        submission: &Submission,
        due: Timestamp,
        context: &FactContext<'_>,
    ) -> Transition<Self> {
        let mut builder = TransitionBuilder::new(self, context.now);
        builder.claim.state = self.state.with_submission(Submission { consent_due: Some(due), ..submission.clone() });
        let entry = context.entry().with_consent_due(submission, Some(due));
        builder.record(EventKind::FactApplied(FactKind::ConsentWindowOpened), entry);
        builder.build()
    }

    /// R27: the consent window ended. customer-consent has checked that no decline came in time. If
    /// the association is granted or official already (R26a), the end of the window is only
    /// recorded. Returns `None` if the claim is not approved, or if its associations have ended
    /// after they were official.
    fn apply_window_passed(&self, submission: &Submission, context: &FactContext<'_>) -> Option<Transition<Self>> {
        let (fact, entry) =
            (FactKind::ConsentWindowPassed, context.entry().with_change("consent_window", "open", "passed"));
        match self.state.association()? {
            Association::Granted { .. } | Association::Official { .. } => {
                Some(self.record_only(EventKind::FactApplied(fact), entry, context.now))
            }
            Association::Pending | Association::Ended { .. } => {
                self.grant_association(submission.clone(), fact, entry, context)
            }
        }
    }

    /// R26a: the customer approved. If the claim is approved already, the association is granted at
    /// once; otherwise the customer's approval is recorded.
    ///
    /// Returns `None` for a repeated approval, and if the association is granted already, or is or
    /// was official.
    fn apply_customer_approved(&self, submission: &Submission, context: &FactContext<'_>) -> Option<Transition<Self>> {
        if submission.explicit_approval.is_some() {
            return None;
        }
        let explicit_approval = Some(context.effective_time);
        let next_submission = Submission { explicit_approval, awaits_confirmation: false, ..submission.clone() };
        let entry = context.entry().with_consent_change(submission, &next_submission);
        if self.state.association().is_some() {
            return self.grant_association(next_submission, FactKind::CustomerApproved, entry, context);
        }
        let mut builder = TransitionBuilder::new(self, context.now);
        builder.claim.state = self.state.with_submission(next_submission);
        builder.record(EventKind::FactApplied(FactKind::CustomerApproved), entry);
        Some(builder.build())
    }

    /// R43a: the customer contact approved by link, or was silent until the consent window ended,
    /// and that does not count until a reviewer confirms the contact. Returns `None` if the
    /// association is not pending any more, or the customer has already given an approval that
    /// counts.
    fn apply_unconfirmed_consent(
        &self,
        submission: &Submission,
        fact: FactKind,
        context: &FactContext<'_>,
    ) -> Option<Transition<Self>> {
        let is_undecided = self.state.association().is_none_or(|association| *association == Association::Pending);
        if !is_undecided || submission.explicit_approval.is_some() {
            return None;
        }
        let mut builder = TransitionBuilder::new(self, context.now);
        let waiting = Submission { awaits_confirmation: true, ..submission.clone() };
        builder.claim.state = self.state.with_submission(waiting);
        let entry = context.entry().with_change("consent", submission.consent_status(), "awaits_confirmation");
        builder.record(EventKind::FactApplied(fact), entry);
        Some(builder.build())
    }

    /// Returns whether the associations of all lines have ended, and a decision that the customer
    /// made before that may still be on its way (R47): customer-consent has not reported yet that
    /// it has learned of the end. A late decline rejects the claim; a late consent can put the
    /// associations on record.
    pub(in crate::domain) fn awaits_late_decision(&self) -> bool {
        let has_ended = matches!(self.state.association(), Some(Association::Ended { .. }));
        has_ended && self.state.submission().is_some_and(|submission| !submission.consent_ended)
    }

    /// Returns whether the associations of all lines have ended before any of them was known to be
    /// official, and the registry has not answered a late consent yet, which can put them on record
    /// (R47).
    pub(in crate::domain) fn may_be_reinstated(&self) -> bool {
        let never_official = self.state.association() == Some(&Association::Ended { since: None });
        let granted = self.state.submission().and_then(|submission| submission.grant_time);
        never_official && granted.is_some_and(|granted| self.has_line_that_ended_after(granted))
    }

    /// Returns whether the association of a line ended after `time`, with its subscription or
    /// workload, or in favour of another company. A fact that happened at `time` then still counts
    /// (R47).
    fn has_line_that_ended_after(&self, time: Timestamp) -> bool {
        self.content.lines.iter().filter_map(|line| line.association_end.as_ref()).any(|end| end.until > time)
    }

    /// Grants a pending association because of `fact`, with the history entry `entry`. If the
    /// association ended before the fact, the fact is overtaken, and the claim only learns that the
    /// customer's decision has arrived. Returns `None` if the claim is not approved, or if the
    /// association is granted already, or is or was official.
    fn grant_association(
        &self,
        submission: Submission,
        fact: FactKind,
        entry: EntryDetails,
        context: &FactContext<'_>,
    ) -> Option<Transition<Self>> {
        let tenant = submission.tenant;
        let grant_time = submission.grant_time.or(Some(context.effective_time));
        let granted = Submission { grant_time, ..submission };
        let mut builder = TransitionBuilder::new(self, context.now);
        match self.state.association()? {
            Association::Granted { .. } | Association::Official { .. } | Association::Ended { since: Some(_) } => {
                return None;
            }
            // R47: the consent is older than the end of a line's association, so it still counts.
            // `since` is `None`, because the registry has not reported any of them as official.
            ended @ Association::Ended { since: None } if self.has_line_that_ended_after(context.effective_time) => {
                builder.claim.state = State::Approved(granted, ended.clone());
                builder.record(EventKind::FactApplied(fact), entry);
                builder.record(EventKind::Granted { tenant }, EntryDetails::default());
            }
            ended @ Association::Ended { since: None } => {
                // Only the time of the consent is stored, not an explicit approval.
                let with_grant_time = Submission { grant_time, ..self.state.submission()?.clone() };
                builder.claim.state = State::Approved(with_grant_time, ended.clone());
                builder.record(EventKind::FactOvertaken(fact), context.entry());
            }
            Association::Pending => {
                builder.claim.state = State::Approved(granted, Association::Granted { since: context.effective_time });
                builder.record(EventKind::FactApplied(fact), entry);
                builder.record_grant(tenant);
            }
        }
        Some(builder.build())
    }

    /// R26: the customer declined, by a decision or by silence after an earlier decline (R28). A
    /// decline overrides an explicit approval. It rejects an open or approved claim, unless all
    /// associations had ended before the decline (R37, R39, R47). For a claim that is rejected
    /// already, it is recorded while the rejection can be disputed.
    fn apply_customer_declined(
        &self,
        submission: &Submission,
        channel: &str,
        comment: &str,
        context: &FactContext<'_>,
    ) -> ApplyResult {
        let has_ended = matches!(self.state.association(), Some(Association::Ended { .. }));
        if has_ended && !self.has_line_that_ended_after(context.effective_time) {
            return Ok(None);
        }
        if self.state.rejection().is_some() {
            return Ok(self.apply_decline_after_rejection(submission, context));
        }
        // R28: a rejection because of silence after a dispute is final.
        let remedy = match channel {
            ConsentFact::SILENCE => Remedy::NotDisputable(NotDisputableReason::NoExplicitApproval),
            _ => context.rules.remedy(submission, context.effective_time)?,
        };
        let mut rejection = NewRejection::by_fact(
            FactKind::CustomerDeclined,
            PrimaryRejectionReason::CustomerDeclined,
            context.effective_time,
            remedy,
        );
        comment.clone_into(&mut rejection.comment);
        Ok(Some(self.close(submission, rejection, context.entry(), context.now)))
    }

    /// R28: the customer declined a rejected claim. The decline is recorded while the rejection can
    /// be disputed, and counts if the partner disputes it. Returns `None` if the rejection is
    /// final, or if the customer's last decision was a decline already.
    fn apply_decline_after_rejection(
        &self,
        submission: &Submission,
        context: &FactContext<'_>,
    ) -> Option<Transition<Self>> {
        self.state.rejection()?.dispute_window()?;
        if submission.needs_explicit_approval() {
            return None;
        }
        let mut next_submission = submission.clone();
        next_submission.record_decline(context.effective_time);
        let entry = context.entry().with_consent_change(submission, &next_submission);
        let mut builder = TransitionBuilder::new(self, context.now);
        builder.claim.state = self.state.with_submission(next_submission);
        builder.record(EventKind::FactApplied(FactKind::CustomerDeclined), entry);
        Some(builder.build())
    }
}

impl TransitionBuilder {
    /// Records that the registry is asked to put the association on record.
    pub(super) fn record_grant(&mut self, tenant: TenantId) {
        self.record(
            EventKind::Granted { tenant },
            EntryDetails::default().with_change("association_state", "pending", "granted"),
        );
    }
}
