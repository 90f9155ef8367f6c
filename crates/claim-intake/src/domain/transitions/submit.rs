//! Submitting and resubmitting: the complete check, then the claim goes to review (R18, R21).
use crate::domain::{
    Claim, Command, Comment, Facts, PartnerAction, PolicyValues, Refusal, ReviewProgress, Rules, State, Submission,
    What,
    claim::{EntryDetails, TransitionBuilder},
};
use cpor_durable::Transition;
use cpor_types::{CaseId, Timestamp};

/// Submits a draft.
#[derive(Clone, Copy, Debug)]
pub struct Submit {
    /// The id of the review case that the submission opens.
    pub review_case: CaseId,
}

/// Answers the reviewer's request.
#[derive(Clone, Debug)]
pub struct Resubmit {
    /// For the reviewer to read.
    pub comment: Option<Comment>,
}

impl Claim {
    /// Submits a draft (R18). `facts` are what the directory says of this very content; `None` when the state that was
    /// seen while gathering them did not admit the command.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`] in any state but EDITING, [`Refusal::Incomplete`] with every violation (R11).
    pub fn submit(
        &self,
        submit: Submit,
        facts: Option<&Facts>,
        rules: &Rules,
        now: Timestamp,
    ) -> Result<Transition<Self>, Refusal> {
        self.check_admitted(Command::Submit)?;
        let policy = rules.in_force(now);
        let mut builder = TransitionBuilder::new(self, now);
        builder.claim.set_directory_facts(Some(facts.ok_or(Refusal::FactsMissing)?));
        let customer = builder.claim.check_complete(policy)?;
        builder.claim.state = State::Submitted(Submission {
            tenant: customer.tenant,
            review_case: submit.review_case,
            policy: policy.id(),
            leeway: PolicyValues::from(policy),
            partner_calendar: customer.partner_calendar,
            tenant_calendar: customer.tenant_calendar,
            submit_time: now,
            reviewer: None,
            review: ReviewProgress::default(),
            explicit_approval: None,
            declined: None,
            consent_due: None,
            bounced: false,
            askings: 0,
            disputes: 0,
            documents_before: 0,
        });
        builder.record(What::Submitted, EntryDetails::default().with_change("policy", "", policy.id().to_string()));
        Ok(builder.build())
    }

    /// Answers the reviewer's request (R21): the same case goes on with the same reviewer, where it was asked. `facts` as in
    /// [`Self::submit`].
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`] in any state but PARTNER_ACTION_REQUIRED, [`Refusal::NothingChanged`],
    /// [`Refusal::Incomplete`].
    pub fn resubmit(
        &self,
        resubmit: Resubmit,
        facts: Option<&Facts>,
        rules: &Rules,
        now: Timestamp,
    ) -> Result<Transition<Self>, Refusal> {
        let submission = self.admitted_submission(Command::Resubmit)?;
        let action = self.state.partner_action().ok_or_else(|| self.not_allowed(Command::Resubmit))?;
        if !self.has_response_to(action) && resubmit.comment.is_none() {
            return Err(Refusal::NothingChanged);
        }
        let mut builder = TransitionBuilder::new(self, now);
        builder.claim.set_directory_facts(Some(facts.ok_or(Refusal::FactsMissing)?));
        builder.claim.check_complete(rules.recorded_profile(submission)?)?;
        builder.claim.state = match action.disputed {
            true => State::Disputed(submission.clone()),
            false => State::Submitted(submission.clone()),
        };
        let reason = resubmit.comment.as_ref().map(|comment| comment.text.clone()).unwrap_or_default();
        builder.record(What::Resubmitted, EntryDetails::with_reason(reason).with_comment(resubmit.comment));
        Ok(builder.build())
    }

    /// Whether the partner did anything since the request (R21).
    fn has_response_to(&self, action: &PartnerAction) -> bool {
        self.new_documents() > 0 || action.edits > 0 || action.comments > 0
    }
}
