//! The policy profiles and calendars by which claims are decided (R45, R46, R61). A policy profile
//! is a versioned set of values that the rules leave open, for example the length of the dispute
//! window. A calendar determines business days and time zone. A *notice* is a mail to the customer
//! contact about the claim.
use super::{Claim, NotDisputableReason, Refusal, Remedy, Submission, Window};
use cpor_types::{Calendar, Calendars, Length, PolicyProfile, PolicyProfiles, Timestamp};

/// The policy profiles and calendars of the installation. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Rules {
    policies: PolicyProfiles,
    calendars: Calendars,
}

impl Rules {
    /// The kind of the deadline that rejects a claim (R22).
    pub const PARTNER_RESPONSE: &'static str = "partner_response";
    /// The kind of the deadline that makes a rejection final (R28).
    pub const DISPUTE_WINDOW: &'static str = "dispute_window";
    /// The kind of the deadline for a statement (R37a): the partner's answer to a reviewer's
    /// question about a *line* of its approved claim, that is, a claimed workload or subscription,
    /// which another company also claims.
    pub const STATEMENT: &'static str = "statement";
    /// The kind of the reminder before the deadline for a statement (R48).
    pub const STATEMENT_REMINDER: &'static str = "remind_statement";
    /// The kind of the reminder before the response deadline (R48).
    pub const RESPONSE_REMINDER: &'static str = "remind_partner_response";
    /// The kind of the reminder before the end of the dispute window (R48).
    pub const DISPUTE_REMINDER: &'static str = "remind_dispute_window";

    /// Creates rules from these profiles and calendars.
    #[must_use]
    pub const fn new(policies: PolicyProfiles, calendars: Calendars) -> Self {
        Self { policies, calendars }
    }

    /// Returns the policy profile in force at `now`, which applies to a claim that is submitted
    /// then.
    #[must_use]
    pub fn in_force(&self, now: Timestamp) -> &PolicyProfile {
        self.policies.in_force(now)
    }

    /// Returns the policy profile that the submission recorded.
    pub(super) fn recorded_profile(&self, submission: &Submission) -> Result<&PolicyProfile, Refusal> {
        Ok(self.policies.get(&submission.policy)?)
    }

    /// Returns the policy profile of `claim`: the one that its submission recorded or, for a draft,
    /// the one in force at `now`.
    ///
    /// # Errors
    /// Returns [`Refusal::RulesMissing`] if the recorded profile is not configured.
    pub fn profile_of(&self, claim: &Claim, now: Timestamp) -> Result<&PolicyProfile, Refusal> {
        claim.state.submission().map_or_else(|| Ok(self.in_force(now)), |submission| self.recorded_profile(submission))
    }

    /// Returns the window in which the partner can answer a request that was made at `start`. Its
    /// length in business days follows the calendar of the partner's location (R45).
    pub(super) fn response_window(&self, submission: &Submission, start: Timestamp) -> Result<Window, Refusal> {
        let length = self.recorded_profile(submission)?.partner_response;
        self.partner_window(submission, Self::PARTNER_RESPONSE, start, length)
    }

    /// Returns the window in which the partner can answer a request for a statement (R37a). It is
    /// as long as the window for a response.
    pub(super) fn statement_window(&self, submission: &Submission, start: Timestamp) -> Result<Window, Refusal> {
        let length = self.recorded_profile(submission)?.partner_response;
        self.partner_window(submission, Self::STATEMENT, start, length)
    }

    /// Returns what the partner can do about a rejection at `start` (R28). If no dispute of the
    /// claim is left, the rejection is final. Otherwise, also if the policy profile sets no
    /// maximum, the dispute window opens; it follows the calendar of the partner's location (R45).
    pub(super) fn remedy(&self, submission: &Submission, start: Timestamp) -> Result<Remedy, Refusal> {
        if submission.disputes_left() == Some(0) {
            return Ok(Remedy::NotDisputable(NotDisputableReason::NoDisputeLeft));
        }
        let length = self.recorded_profile(submission)?.dispute_window;
        Ok(Remedy::Dispute(self.partner_window(submission, Self::DISPUTE_WINDOW, start, length)?))
    }

    /// Returns until when the mail system of the customer contact must accept a notice about a
    /// claim that was approved at `start` (R41a). The length is counted in the customer's calendar.
    /// The service customer-consent computes the same time and decides whether it has passed.
    pub(super) fn delivery_due(&self, submission: &Submission, start: Timestamp) -> Result<Timestamp, Refusal> {
        let length = self.recorded_profile(submission)?.customer_delivery;
        Ok(self.calendar(&submission.tenant_calendar)?.deadline("customer_delivery", start, length).due)
    }

    /// Returns a window in which the partner can act, with its reminder (R48). `kind` is the kind
    /// of the deadline at its end.
    fn partner_window(
        &self,
        submission: &Submission,
        kind: &'static str,
        start: Timestamp,
        length: Length,
    ) -> Result<Window, Refusal> {
        let calendar = self.calendar(&submission.partner_calendar)?;
        let reminder_lead = self.recorded_profile(submission)?.reminder_before;
        Ok(Window::new(calendar.deadline(kind, start, length), start, reminder_lead, calendar))
    }

    /// Returns the calendar with this id.
    ///
    /// # Errors
    /// Returns [`Refusal::RulesMissing`] if the calendar is not configured.
    pub fn calendar(&self, id: &str) -> Result<&Calendar, Refusal> {
        Ok(self.calendars.get(id)?)
    }
}
