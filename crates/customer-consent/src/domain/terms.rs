//! The terms of a consent: the values of its claim's policy profile and calendar that apply to it.

use cpor_types::{
    Calendar, CalendarError, Calendars, CustomerNotices, Length, PolicyError, PolicyProfiles, Timestamp, WindowStart,
};

use super::{ClaimSummary, Window};

/// The policy profiles and calendars that claims can refer to.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    /// All policy profiles (R61).
    pub(crate) profiles: PolicyProfiles,
    /// All calendars (R46).
    pub(crate) calendars: Calendars,
}

/// The error that a claim refers to a policy profile or a calendar that this installation does not
/// have.
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
    pub(crate) window: Length,
    /// The notice that starts the consent window (R41).
    pub(crate) window_start: WindowStart,
    /// Whether the customer can decline after the consent window too (R43).
    pub(crate) decline_any_time: bool,
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
            window: profile.consent_window,
            window_start: profile.consent_window_from,
            decline_any_time: profile.decline_after_window,
            calendar: self.calendars.get(&claim.calendar)?.clone(),
        })
    }
}

impl Terms {
    /// Returns the consent window that starts when a notice is accepted at `accepted` (R41).
    pub(crate) fn window_opened_at(&self, accepted: Timestamp) -> Window {
        Window { opened: accepted, deadline: self.calendar.deadline(Window::DEADLINE, accepted, self.window) }
    }
}
