//! The terms of a consent (the customer's side of one claim): the values of the claim's policy
//! profile and calendar that apply to the consent. A *notice* is a mail to the customer contact.

use cpor_types::{
    Calendar, CalendarError, Calendars, CustomerNotices, Length, PolicyError, PolicyProfiles, Timestamp, WindowStart,
};

use super::{ClaimSummary, DeliveryPeriod, Window};

/// The policy profiles and calendars that claims can refer to.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    /// All policy profiles (R61).
    pub(crate) profiles: PolicyProfiles,
    /// All calendars (R46).
    pub(crate) calendars: Calendars,
}

/// The error for a claim that refers to a policy profile or a calendar that is not configured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TermsError {
    /// The policy profile is unknown.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The calendar is unknown.
    #[error(transparent)]
    Calendar(#[from] CalendarError),
}

/// The values of the policy profile and calendar that apply to one consent.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    /// The occasions on which the customer is notified (R40).
    pub(crate) notices: CustomerNotices,
    /// The length of the consent window, in which silence of the customer counts as consent (R41).
    pub(crate) window_length: Length,
    /// The notice that starts the consent window (R41).
    pub(crate) window_start: WindowStart,
    /// Whether the customer can decline after the consent window too (R43).
    pub(crate) decline_any_time: bool,
    /// The time after the approval within which a notice must be accepted (R41a).
    pub(crate) delivery_length: Length,
    /// How long before the end of this time the partner is reminded (R48).
    pub(crate) reminder_before: Length,
    /// The tenant's calendar (R46).
    pub(crate) calendar: Calendar,
}

impl Rules {
    /// Returns the profiles and calendars that are shipped with the product.
    #[cfg(test)]
    pub(crate) fn shipped() -> Result<Self, TermsError> {
        Ok(Self { profiles: PolicyProfiles::shipped()?, calendars: Calendars::shipped()? })
    }

    /// Returns the values that apply to the consent of this claim.
    pub(crate) fn terms_of(&self, claim: &ClaimSummary) -> Result<Terms, TermsError> {
        let profile = self.profiles.get(&claim.policy)?;
        Ok(Terms {
            notices: profile.customer_notices,
            window_length: profile.consent_window,
            window_start: profile.consent_window_from,
            decline_any_time: profile.decline_after_window,
            delivery_length: profile.customer_delivery,
            reminder_before: profile.reminder_before,
            calendar: self.calendars.get(&claim.calendar)?.clone(),
        })
    }
}

impl Terms {
    /// Returns the consent window that starts when a notice is accepted at `accepted` (R41).
    pub(crate) fn window_opened_at(&self, accepted: Timestamp) -> Window {
        Window { open_time: accepted, deadline: self.calendar.deadline(Window::DEADLINE, accepted, self.window_length) }
    }

    /// Returns the period within which a notice must be accepted (R41a). The period is counted from
    /// the approval of the claim. If it is already over, because a notice bounced late or the
    /// report of the approval came late, it is counted from `now`, so that the partner has time to
    /// act.
    pub(crate) fn delivery_period(&self, claim_approved: Timestamp, now: Timestamp) -> DeliveryPeriod {
        let counted_from = |start| self.calendar.deadline(DeliveryPeriod::DEADLINE, start, self.delivery_length);
        let after_approval = counted_from(claim_approved);
        let deadline = if after_approval.has_passed(now) { counted_from(now) } else { after_approval };
        let remind_time = self.calendar.reminder(deadline.due, self.reminder_before);
        DeliveryPeriod { remind_time: (remind_time > now).then_some(remind_time), deadline }
    }
}
