//! Submission and resubmission: the claim is checked completely and goes to review (R18, R21). A
//! *policy profile* is a versioned set of values that the business rules leave open (R61).
use crate::domain::{
    Claim, Command, Comment, EventKind, PartnerAction, PolicyValues, Refusal, RegistryAnswer, ReviewProgress, Rules,
    State, Submission,
    claim::{EntryDetails, TransitionBuilder},
};
use cpor_durable::Transition;
use cpor_types::{CaseId, Submitters, Timestamp};

/// The command that submits a draft.
#[derive(Clone, Copy, Debug)]
pub struct Submit {
    /// The id of the review case that the submission opens.
    pub review_case: CaseId,
    /// Whether the submitter has the role `incentives_admin`.
    pub by_incentives_admin: bool,
}

/// The command that answers the reviewer's request for partner action.
#[derive(Clone, Debug)]
pub struct Resubmit {
    /// The partner's comment, which the reviewer reads.
    pub comment: Option<Comment>,
}

impl Claim {
    /// Submits a draft (R18). `answer` is the registry service's answer about exactly this content.
    /// It is `None` if the registry was not asked, because the claim did not allow the command when
    /// it was read.
    ///
    /// # Errors
    /// Returns [`Refusal::NotFound`] for a deleted draft, [`Refusal::NotAllowed`] in every other
    /// state except EDITING, [`Refusal::SubmitterNotAllowed`] if the policy profile does not let
    /// the caller's role submit, [`Refusal::ConcurrentChange`] if `answer` is `None`, and
    /// [`Refusal::Incomplete`] with every violation of the claim (R11).
    pub fn submit(
        &self,
        submit: Submit,
        answer: Option<&RegistryAnswer>,
        rules: &Rules,
        now: Timestamp,
    ) -> Result<Transition<Self>, Refusal> {
        self.check_admitted(Command::Submit)?;
        let policy = rules.in_force(now);
        if policy.submitters == Submitters::IncentivesAdmin && !submit.by_incentives_admin {
            return Err(Refusal::SubmitterNotAllowed { policy: policy.id() });
        }
        let mut builder = TransitionBuilder::new(self, now);
        builder.claim.set_registry_answer(Some(answer.ok_or(Refusal::ConcurrentChange)?));
        let required = builder.claim.check_complete(policy)?;
        builder.claim.state = State::Submitted(Submission {
            tenant: required.tenant,
            review_case: submit.review_case,
            policy: policy.id(),
            policy_values: PolicyValues::from(policy),
            partner_calendar: required.partner_calendar,
            tenant_calendar: required.tenant_calendar,
            submit_time: now,
            reviewer: None,
            review: ReviewProgress::default(),
            explicit_approval: None,
            declined: None,
            contact_confirmed: None,
            awaits_confirmation: false,
            consent_due: None,
            delivery_due: None,
            is_notice_bounced: false,
            consent_request_number: 0,
            consent_request_times: Vec::new(),
            grant_time: None,
            consent_ended: false,
            disputes: 0,
            payment_declined: None,
            document_count_at_start: 0,
            statement: None,
        });
        builder
            .record(EventKind::Submitted, EntryDetails::default().with_change("policy", "", policy.id().to_string()));
        Ok(builder.build())
    }

    /// Answers the reviewer's request (R21). The same review case continues with the same reviewer.
    /// The claim returns to DISPUTED if the request was made in that state, and to SUBMITTED
    /// otherwise. `answer` is that of the registry, as in [`Self::submit`].
    ///
    /// # Errors
    /// Returns [`Refusal::NotFound`] for a deleted draft, [`Refusal::NotAllowed`] in every other
    /// state except PARTNER_ACTION_REQUIRED, [`Refusal::NothingChanged`] if the partner has not
    /// answered the request and this command has no comment, [`Refusal::ConcurrentChange`] if
    /// `answer` is `None`, [`Refusal::RulesMissing`] if the policy profile that was recorded at the
    /// submission is not configured, and [`Refusal::Incomplete`] with every violation of the claim.
    pub fn resubmit(
        &self,
        resubmit: Resubmit,
        answer: Option<&RegistryAnswer>,
        rules: &Rules,
        now: Timestamp,
    ) -> Result<Transition<Self>, Refusal> {
        let submission = self.admitted_submission(Command::Resubmit)?;
        let action = self.state.partner_action().ok_or_else(|| self.not_allowed(Command::Resubmit))?;
        if !self.has_response_to(action) && resubmit.comment.is_none() {
            return Err(Refusal::NothingChanged);
        }
        let mut builder = TransitionBuilder::new(self, now);
        builder.claim.set_registry_answer(Some(answer.ok_or(Refusal::ConcurrentChange)?));
        builder.claim.check_complete(rules.recorded_profile(submission)?)?;
        builder.claim.state = match action.disputed {
            true => State::Disputed(submission.clone()),
            false => State::Submitted(submission.clone()),
        };
        let reason = resubmit.comment.as_ref().map(|comment| comment.text.expose().to_owned()).unwrap_or_default();
        builder.record(EventKind::Resubmitted, EntryDetails::with_reason(reason).with_comment(resubmit.comment));
        Ok(builder.build())
    }

    /// Returns whether the partner has added a document, edited the claim or written a comment
    /// since the request (R21).
    pub(in crate::domain) fn has_response_to(&self, action: &PartnerAction) -> bool {
        self.new_documents() > 0 || action.edits > 0 || action.comments > 0
    }
}
