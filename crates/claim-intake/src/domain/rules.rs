//! Policy and calendars, as claims need them (R45, R46, R61).
use super::{Claim, Finality, Refusal, Remedy, Submission, Window};
use cpor_types::{Calendar, Calendars, Length, PolicyProfile, PolicyProfiles, Timestamp};

/// What the installation decides by. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Rules {
    policies: PolicyProfiles,
    calendars: Calendars,
}

impl Rules {
    /// Kind of the deadline that rejects a claim (R22).
    pub const PARTNER_RESPONSE: &'static str = "partner_response";
    /// Kind of the deadline that makes a rejection final (R28).
    pub const DISPUTE_WINDOW: &'static str = "dispute_window";
    /// Kinds of the reminders before them (R48).
    pub const REMIND_RESPONSE: &'static str = "remind_partner_response";
    /// See [`Self::REMIND_RESPONSE`].
    pub const REMIND_DISPUTE: &'static str = "remind_dispute_window";

    /// By these profiles and calendars.
    #[must_use]
    pub const fn new(policies: PolicyProfiles, calendars: Calendars) -> Self {
        Self { policies, calendars }
    }

    /// The profile that a claim submitted at `now` falls under.
    #[must_use]
    pub fn in_force(&self, now: Timestamp) -> &PolicyProfile {
        self.policies.in_force(now)
    }

    /// The profile that a submission recorded.
    pub(super) fn recorded_profile(&self, submission: &Submission) -> Result<&PolicyProfile, Refusal> {
        Ok(self.policies.get(&submission.policy)?)
    }

    /// The profile that `claim` is under: the recorded one, for a draft the one in force.
    ///
    /// # Errors
    /// [`Refusal::RulesMissing`] when the recorded one is not configured.
    pub fn of(&self, claim: &Claim, now: Timestamp) -> Result<&PolicyProfile, Refusal> {
        claim.state.submission().map_or_else(|| Ok(self.in_force(now)), |submission| self.recorded_profile(submission))
    }

    /// The time that the partner has for a request of `start` (R45), by the location's calendar.
    pub(super) fn response_window(&self, submission: &Submission, start: Timestamp) -> Result<Window, Refusal> {
        let length = self.recorded_profile(submission)?.partner_response;
        self.partner_window(submission, Self::PARTNER_RESPONSE, start, length)
    }

    /// What helps against a rejection of `start` (R28): where a dispute is left, that, until the window passes by the location's
    /// calendar (R45).
    pub(super) fn remedy(&self, submission: &Submission, start: Timestamp) -> Result<Remedy, Refusal> {
        if submission.disputes_left() == Some(0) {
            return Ok(Remedy::Final(Finality::NoDisputeLeft));
        }
        let length = self.recorded_profile(submission)?.dispute_window;
        Ok(Remedy::Dispute(self.partner_window(submission, Self::DISPUTE_WINDOW, start, length)?))
    }

    /// With its reminder (R48).
    fn partner_window(
        &self,
        submission: &Submission,
        kind: &'static str,
        start: Timestamp,
        length: Length,
    ) -> Result<Window, Refusal> {
        let calendar = self.calendar(&submission.partner_calendar)?;
        let before = self.recorded_profile(submission)?.reminder_before;
        Ok(Window::new(calendar.deadline(kind, start, length), start, before, calendar))
    }

    /// The calendar of this id.
    ///
    /// # Errors
    /// [`Refusal::RulesMissing`] when it is not configured.
    pub fn calendar(&self, id: &str) -> Result<&Calendar, Refusal> {
        Ok(self.calendars.get(id)?)
    }
}
