//! Who can do what to a claim now, and how (R60): read off the transition table, narrowed by what the claim knows.
use super::{
    Association, Claim, Command, ReviewProgress, State, StateKind, Step,
    machine::{TABLE, TransitionRow},
    string_enum,
};
use cpor_types::{TenantId, Timestamp};

string_enum! {
    /// Who can move a claim.
    Party {
        /// Its partner.
        Partner = "PARTNER",
        /// A reviewer; where a case has one, that one.
        Reviewer = "REVIEWER",
        /// A review lead, who may do what a reviewer may (R5).
        ReviewLead = "REVIEW_LEAD",
        /// The customer.
        Customer = "CUSTOMER",
        /// An operator.
        Operator = "OPERATOR",
        /// The system itself.
        System = "SYSTEM",
        /// Time.
        Time = "TIME",
    }
}

/// One way to bring a step about.
#[derive(Clone, Copy, Debug)]
pub struct PartyMethod {
    /// Who.
    party: Party,
    /// The gRPC service.
    service: &'static str,
    /// Its method.
    method: &'static str,
    /// Only the case's own reviewer, or a lead (R15).
    own_case_only: bool,
    /// Whether the claim, beside its state, leaves it at this time.
    is_available: fn(&Claim, Timestamp) -> bool,
}

const CLAIMS: &str = "cpor.claims.v1.ClaimService";
const REVIEWS: &str = "cpor.reviews.v1.ReviewService";
const CONSENTS: &str = "cpor.consents.v1.ConsentService";

/// The gRPC services whose methods the table names.
pub const SERVICES: [&str; 3] = [CLAIMS, REVIEWS, CONSENTS];

/// Something that a party can do now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The command, where it is one of this service.
    pub command: Option<Command>,
    /// The method, `cpor.claims.v1.ClaimService/SubmitClaim`.
    pub method: String,
    /// The rules that let it through.
    pub rule: &'static str,
    /// Only for the case's own reviewer, or a lead.
    pub own: bool,
}

impl PartyMethod {
    pub(super) const fn of_partner(method: &'static str) -> Self {
        Self { party: Party::Partner, service: CLAIMS, method, own_case_only: false, is_available: always_available }
    }

    pub(super) const fn create_comment(party: Party) -> Self {
        Self { party, ..Self::of_partner("CreateComment") }
    }

    pub(super) const fn erase_personal_data(party: Party) -> Self {
        Self { party, ..Self::of_partner("ErasePersonalData") }
    }

    pub(super) const fn of_reviewer(method: &'static str, is_available: fn(&Claim, Timestamp) -> bool) -> Self {
        Self { party: Party::Reviewer, service: REVIEWS, method, own_case_only: false, is_available }
    }

    pub(super) const fn of_lead(method: &'static str, is_available: fn(&Claim, Timestamp) -> bool) -> Self {
        Self { party: Party::ReviewLead, ..Self::of_reviewer(method, is_available) }
    }

    pub(super) const fn of_customer(method: &'static str, is_available: fn(&Claim, Timestamp) -> bool) -> Self {
        Self { party: Party::Customer, service: CONSENTS, method, own_case_only: false, is_available }
    }

    pub(super) const fn resend_notice(party: Party, is_available: fn(&Claim, Timestamp) -> bool) -> Self {
        Self { party, ..Self::of_customer("ResendNotice", is_available) }
    }

    /// Only for the case's own reviewer, or a lead.
    pub(super) const fn only_for_own_case(self) -> Self {
        Self { own_case_only: true, ..self }
    }

    /// `cpor.claims.v1.ClaimService/SubmitClaim`.
    #[must_use]
    pub fn path(&self) -> String {
        format!("{}/{}", self.service, self.method)
    }

    /// Who brings it about.
    #[must_use]
    pub const fn party(&self) -> Party {
        self.party
    }

    /// A lead may do whatever a claim's reviewer may.
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
    /// What `party` can do now, in the order of the table; deadlines that have passed are applied already.
    #[must_use]
    pub fn offers(&self, party: Party, now: Timestamp) -> Vec<Offer> {
        let state = self.state.kind();
        let rows = TABLE.iter().filter(|row| row.from.contains(&state) && self.data_admits_step(row.step));
        let methods = rows.flat_map(|row| row.methods.iter().map(move |method| (row, method)));
        let available = methods.filter(|(_, method)| method.is_for(party) && (method.is_available)(self, now));
        let allowed = |(row, method): (&'static TransitionRow, &PartyMethod)| {
            let command = row.step.command();
            Offer { command, method: method.path(), rule: row.rule, own: method.own_case_only }
        };
        available.map(allowed).collect()
    }

    /// The claim as the administrator of `tenant` may know it (R5): from submission on, without its rivals, and without what they change: the
    /// review's clocks stand still while they compete, and the registry refuses an approval of what they hold. `None`: it is not on that tenant.
    #[must_use]
    pub fn of_customer(mut self, tenant: Option<TenantId>) -> Option<Self> {
        let mut submission = self.state.submission().filter(|submission| tenant == Some(submission.tenant))?.clone();
        submission.review = ReviewProgress { started: submission.review.started, approving: false, due: None };
        self.state = self.state.with_submission(submission);
        self.content.lines.iter_mut().for_each(|line| line.contested = false);
        self.wait_time = self.customer_wait_time;
        Some(self)
    }

    /// What other services report, the state alone admits.
    fn data_admits_step(&self, step: Step) -> bool {
        step.command().is_none_or(|command| self.data_admits(command))
    }

    /// The case waits for its start (R19, R28).
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

    /// It waits for its start, and nobody has it.
    pub(super) fn is_unassigned(&self, now: Timestamp) -> bool {
        self.awaits_review_start(now) && !self.has_reviewer()
    }

    /// It waits for its start, and somebody has it.
    pub(super) fn is_assigned(&self, now: Timestamp) -> bool {
        self.awaits_review_start(now) && self.has_reviewer()
    }

    fn has_reviewer(&self) -> bool {
        self.state.submission().is_some_and(|submission| submission.reviewer.is_some())
    }

    /// Its reviewer has started (R19), which the state of a disputed claim does not tell, and has not approved it yet (R23).
    pub(super) fn awaits_decision(&self, _: Timestamp) -> bool {
        self.state.submission().is_some_and(|submission| submission.review.started && !submission.review.approving)
    }

    /// Others compete for a line of it (R37), and it is not being approved.
    pub(super) fn is_contested(&self, _: Timestamp) -> bool {
        let approving = self.state.submission().is_some_and(|submission| submission.review.approving);
        !approving && self.content.lines.iter().any(|line| line.contested)
    }

    /// R26a: the customer has not approved yet, and something is left to approve.
    pub(super) fn can_be_approved(&self, _: Timestamp) -> bool {
        let approved = self.state.submission().is_some_and(|submission| submission.explicit_approval.is_some());
        match self.state.association() {
            None | Some(Association::Pending) => !approved,
            Some(Association::Granted { .. } | Association::Official { .. } | Association::Ended { .. }) => false,
        }
    }

    /// R43: until the window has passed, and after it where the profile says so; of a rejected claim while it can be disputed, once.
    pub(super) fn can_be_declined(&self, now: Timestamp) -> bool {
        let Some(submission) = self.state.submission() else { return false };
        match self.state.rejection() {
            Some(rejection) => rejection.dispute_window().is_some() && !submission.needs_explicit_approval(),
            None => {
                !self.has_ended_association() && (submission.leeway.decline_after_window || self.is_window_pending(now))
            }
        }
    }

    /// R44: a notice can be sent again while the customer is asked.
    pub(super) fn awaits_customer(&self, now: Timestamp) -> bool {
        !self.has_ended_association() && (self.state.kind() != StateKind::Approved || self.is_window_pending(now))
    }

    fn has_ended_association(&self) -> bool {
        matches!(self.state.association(), Some(Association::Ended { .. }))
    }

    /// The consent window has not passed: it is open, or did not open yet.
    fn is_window_pending(&self, now: Timestamp) -> bool {
        self.state.submission().is_some_and(|submission| submission.consent_due.is_none_or(|due| now < due))
    }
}
