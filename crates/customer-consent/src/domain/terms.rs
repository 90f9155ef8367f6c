use cpor_types::{
    Calendar, CalendarError, Calendars, CustomerNotices, Length, PolicyError, PolicyProfiles, Timestamp, WindowStart,
};

use super::{ClaimSummary, Window};

/// The data behind the rules: every policy profile and calendar that claims may name.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    /// Policy profiles (R61).
    pub(crate) profiles: PolicyProfiles,
    /// Calendars (R46).
    pub(crate) calendars: Calendars,
}

/// A claim names a profile or calendar that this system does not know.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TermsError {
    /// The profile.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The calendar.
    #[error(transparent)]
    Calendar(#[from] CalendarError),
}

/// What of policy and calendar governs one consent.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    /// When the customer is notified (R40).
    pub(crate) notices: CustomerNotices,
    /// How long the window is (R41).
    pub(crate) window: Length,
    /// Which notice it is counted from (R41).
    pub(crate) window_start: WindowStart,
    /// Whether the customer may decline after it too (R43).
    pub(crate) decline_any_time: bool,
    /// The tenant's calendar (R46).
    pub(crate) calendar: Calendar,
}

impl Rules {
    /// What comes with the product.
    #[cfg(test)]
    pub(crate) fn shipped() -> Result<Self, TermsError> {
        Ok(Self { profiles: PolicyProfiles::shipped()?, calendars: Calendars::shipped()? })
    }

    /// What governs this claim's consent.
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
    /// The window that a notice accepted at `accepted` opens (R41).
    pub(crate) fn window_opened_at(&self, accepted: Timestamp) -> Window {
        Window { opened: accepted, deadline: self.calendar.deadline(Window::DEADLINE, accepted, self.window) }
    }
}
