//! The gRPC methods that each party can call on a claim now (R60). They are derived from the
//! transition table and restricted by the data of the claim. A *line* is the part of a claim that
//! is about one workload or subscription; it is *contested* while another company claims or holds
//! the same. A *notice* is a mail to the customer contact about the claim.
use super::{
    Association, Claim, ClaimStateKind, Command, ReviewProgress, State, Step,
    machine::{TABLE, TransitionRow},
    string_enum,
};
use cpor_types::{TenantId, Timestamp};

string_enum! {
    /// A party that can move a claim forward.
    pub enum Party, "a party" {
        /// The partner that the claim belongs to.
        Partner = "PARTNER",
        /// A reviewer: the assigned one if the case has one, and any reviewer otherwise.
        Reviewer = "REVIEWER",
        /// A review lead, who may do everything that a reviewer may do (R5).
        ReviewLead = "REVIEW_LEAD",
        /// The customer: an administrator of its tenant, or the contact who uses the link in a
        /// notice.
        Customer = "CUSTOMER",
        /// An operator of the system.
        Operator = "OPERATOR",
        /// A service that acts by itself.
        System = "SYSTEM",
        /// A deadline that passes.
        Time = "TIME",
    }
}

/// A gRPC method by which a party causes a step of the transition table.
#[derive(Clone, Copy, Debug)]
pub struct PartyMethod {
    /// The party that calls the method.
    party: Party,
    /// The full name of the gRPC service.
    service: &'static str,
    /// The name of the method within its service.
    method: &'static str,
    /// Whether only the assigned reviewer of the case, or a review lead, may call the method (R15).
    own_case_only: bool,
    /// Checks the data of the claim at a time. The method is available if this function returns
    /// `true` and the transition table allows the step.
    is_available: fn(&Claim, Timestamp) -> bool,
}

const CLAIMS: &str = "cpor.claims.v1.ClaimService";
const REVIEWS: &str = "cpor.reviews.v1.ReviewService";
const CONSENTS: &str = "cpor.consents.v1.ConsentService";

/// The gRPC services that the transition table refers to.
pub const SERVICES: [&str; 3] = [CLAIMS, REVIEWS, CONSENTS];

/// A gRPC method that a party can call on a claim now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedMethod {
    /// The command that the method executes, if it is a method of claim-intake.
    pub command: Option<Command>,
    /// The full name of the method, for example `cpor.claims.v1.ClaimService/SubmitClaim`.
    pub method: String,
    /// The numbers of the business rules that allow the step, separated by commas, for example
    /// `R18`.
    pub rule: &'static str,
    /// Whether only the assigned reviewer of the case, or a review lead, may call the method.
    pub own_case_only: bool,
}

impl PartyMethod {
    /// Returns a method of the partner in ClaimService, which is always available.
    pub(super) const fn of_partner(method: &'static str) -> Self {
        Self { party: Party::Partner, service: CLAIMS, method, own_case_only: false, is_available: always_available }
    }

    /// Returns the method by which `party` writes a comment.
    pub(super) const fn create_comment(party: Party) -> Self {
        Self { party, ..Self::of_partner("CreateComment") }
    }

    /// Returns the method by which `party` erases personal data.
    pub(super) const fn erase_personal_data(party: Party) -> Self {
        Self { party, ..Self::of_partner("ErasePersonalData") }
    }

    /// Returns a method of the reviewers in ReviewService.
    pub(super) const fn of_reviewer(method: &'static str, is_available: fn(&Claim, Timestamp) -> bool) -> Self {
        Self { party: Party::Reviewer, service: REVIEWS, method, own_case_only: false, is_available }
    }

    /// Returns a method of the review leads in ReviewService.
    pub(super) const fn of_review_lead(method: &'static str, is_available: fn(&Claim, Timestamp) -> bool) -> Self {
        Self { party: Party::ReviewLead, ..Self::of_reviewer(method, is_available) }
    }

    /// Returns a method of the customer in ConsentService.
    pub(super) const fn of_customer(method: &'static str, is_available: fn(&Claim, Timestamp) -> bool) -> Self {
        Self { party: Party::Customer, service: CONSENTS, method, own_case_only: false, is_available }
    }

    /// Returns the method by which `party` asks that a notice is sent again.
    pub(super) const fn resend_notice(party: Party, is_available: fn(&Claim, Timestamp) -> bool) -> Self {
        Self { party, ..Self::of_customer("ResendNotice", is_available) }
    }

    /// Returns the method by which `party` records that a notice bounced after it was accepted.
    pub(super) const fn record_bounce(party: Party, is_available: fn(&Claim, Timestamp) -> bool) -> Self {
        Self { party, ..Self::of_customer("RecordBounce", is_available) }
    }

    /// Restricts the method to the assigned reviewer of the case and to review leads.
    pub(super) const fn only_for_own_case(self) -> Self {
        Self { own_case_only: true, ..self }
    }

    /// Returns the full name of the method, for example `cpor.claims.v1.ClaimService/SubmitClaim`.
    #[must_use]
    pub fn path(&self) -> String {
        format!("{}/{}", self.service, self.method)
    }

    /// Returns the party that calls the method.
    #[must_use]
    pub const fn party(&self) -> Party {
        self.party
    }

    /// Returns whether `party` may call the method. In the review service, a review lead may also
    /// call every method of a reviewer.
    fn is_for(&self, party: Party) -> bool {
        let is_lead_for_reviewer =
            party == Party::ReviewLead && self.party == Party::Reviewer && self.service == REVIEWS;
        self.party == party || is_lead_for_reviewer
    }
}

const fn always_available(_: &Claim, _: Timestamp) -> bool {
    true
}

impl Claim {
    /// Returns the methods that `party` can call now, in the order of the transition table. Apply
    /// the deadlines that have passed before calling this function.
    #[must_use]
    pub fn allowed_methods(&self, party: Party, now: Timestamp) -> Vec<AllowedMethod> {
        let state = self.state.kind();
        let rows = TABLE.iter().filter(|row| row.from.contains(&state) && self.data_admits_step(row.step));
        let methods = rows.flat_map(|row| row.methods.iter().map(move |method| (row, method)));
        let available = methods.filter(|(_, method)| method.is_for(party) && (method.is_available)(self, now));
        let allowed = |(row, method): (&'static TransitionRow, &PartyMethod)| {
            let command = row.step.command();
            AllowedMethod { command, method: method.path(), rule: row.rule, own_case_only: method.own_case_only }
        };
        available.map(allowed).collect()
    }

    /// Returns the claim as the administrator of `tenant` may see it (R5), or `None` if the claim
    /// is a draft or belongs to another tenant, or if `tenant` is `None`.
    ///
    /// Everything that would reveal a competing claim is removed: the marks of contested lines, a
    /// request for a statement about them, the deadline of the review, which stops during a
    /// competition, the start of a wait that a competition caused, and an approval in progress,
    /// which the registry service refuses if another company holds a line.
    #[must_use]
    pub fn as_seen_by_customer(mut self, tenant: Option<TenantId>) -> Option<Self> {
        let mut submission = self.state.submission().filter(|submission| tenant == Some(submission.tenant))?.clone();
        submission.review = ReviewProgress { started: submission.review.started, approving: false, due: None };
        submission.statement = None;
        self.state = self.state.with_submission(submission);
        self.content.lines.iter_mut().for_each(|line| (line.contested, line.awarded_to_rival) = (false, None));
        self.wait_start_time = self.customer_wait_start_time;
        Some(self)
    }

    /// Returns whether the data of the state allow the step. Only commands depend on the data: for
    /// facts that other services report, the transition table alone decides.
    fn data_admits_step(&self, step: Step) -> bool {
        step.command().is_none_or(|command| self.data_allows(command))
    }

    /// Returns whether the claim is submitted or disputed, and no reviewer has started the review
    /// yet (R19, R28).
    pub(super) fn awaits_review_start(&self, _: Timestamp) -> bool {
        match &self.state {
            State::Submitted(submission) | State::Disputed(submission) => !submission.review.started,
            State::Editing
            | State::Deleted
            | State::UnderReview(_)
            | State::PartnerActionRequired(..)
            | State::Approved(..)
            | State::Rejected(..) => false,
        }
    }

    /// Returns whether the review has not started and no reviewer is assigned to the case.
    pub(super) fn is_unassigned(&self, now: Timestamp) -> bool {
        self.awaits_review_start(now) && !self.has_reviewer()
    }

    /// Returns whether the review has not started and a reviewer is assigned to the case.
    pub(super) fn is_assigned(&self, now: Timestamp) -> bool {
        self.awaits_review_start(now) && self.has_reviewer()
    }

    fn has_reviewer(&self) -> bool {
        self.state.submission().is_some_and(|submission| submission.reviewer.is_some())
    }

    /// Returns whether the reviewer has started the review (R19) and not yet approved (R23). This
    /// does not follow from the state alone, because a disputed claim stays DISPUTED during the
    /// review.
    pub(super) fn awaits_decision(&self, _: Timestamp) -> bool {
        self.state.submission().is_some_and(|submission| submission.review.started && !submission.review.approving)
    }

    /// Returns whether claims of different partners compete for a line of this claim (R37) and no
    /// approval is in progress.
    pub(super) fn is_contested(&self, _: Timestamp) -> bool {
        let approving = self.state.submission().is_some_and(|submission| submission.review.approving);
        !approving && self.has_contested_line()
    }

    /// R37a: returns whether a reviewer can ask for a statement: a line is contested, and no
    /// earlier request is open. The transition table restricts this to approved claims.
    pub(super) fn statement_can_be_requested(&self, _: Timestamp) -> bool {
        let has_open_request = self.state.submission().is_some_and(|submission| submission.open_statement().is_some());
        self.has_contested_line() && !has_open_request
    }

    /// R26a: returns whether the customer can approve. This is so if the customer has not approved
    /// yet, and the association is pending or does not exist yet.
    pub(super) fn customer_can_approve(&self, _: Timestamp) -> bool {
        let approved = self.state.submission().is_some_and(|submission| submission.explicit_approval.is_some());
        match self.state.association() {
            None | Some(Association::Pending) => !approved,
            Some(Association::Granted { .. } | Association::Official { .. } | Association::Ended { .. }) => false,
        }
    }

    /// R43: returns whether the customer can decline. The customer can do so until the consent
    /// window ends, and afterwards while the contact has to be confirmed (R43a), or if the policy
    /// profile allows it; but not when all associations of the claim have ended. A rejected claim
    /// can be declined while it can be disputed, unless the customer's last decision is a decline.
    pub(super) fn customer_can_decline(&self, now: Timestamp) -> bool {
        let Some(submission) = self.state.submission() else { return false };
        match self.state.rejection() {
            Some(rejection) => rejection.dispute_window().is_some() && !submission.needs_explicit_approval(),
            None => {
                !self.has_ended_association()
                    && (submission.policy_values.decline_after_window || self.is_window_pending(now))
            }
        }
    }

    /// R44: returns whether a notice can be sent again, because the customer can still decide.
    pub(super) fn awaits_customer(&self, now: Timestamp) -> bool {
        !self.has_ended_association() && (self.state.kind() != ClaimStateKind::Approved || self.is_window_pending(now))
    }

    /// R43a: returns whether a reviewer can confirm the customer contact: the contact's consent
    /// does not count without a confirmation, the association is pending or does not exist yet, and
    /// no approval is in progress.
    pub(super) fn can_confirm_contact(&self, _: Timestamp) -> bool {
        let is_undecided = self.state.association().is_none_or(|association| *association == Association::Pending);
        let approving = self.state.submission().is_some_and(|submission| submission.review.approving);
        is_undecided && !approving && !self.is_contact_authorized()
    }

    /// R41b: returns whether a notice that the customer's mail system accepted has opened the
    /// consent window. Such a notice can bounce later.
    pub(super) fn has_accepted_notice(&self, _: Timestamp) -> bool {
        self.state.submission().is_some_and(|submission| submission.consent_due.is_some())
    }

    fn has_ended_association(&self) -> bool {
        matches!(self.state.association(), Some(Association::Ended { .. }))
    }

    /// Returns whether the customer can still decide: the consent window is open or has not opened
    /// yet, or it has passed and the silence does not count yet (R43a).
    fn is_window_pending(&self, now: Timestamp) -> bool {
        let is_pending = self.state.association() == Some(&Association::Pending);
        self.state.submission().is_some_and(|submission| {
            submission.consent_due.is_none_or(|due| now < due) || (is_pending && submission.awaits_confirmation)
        })
    }
}
