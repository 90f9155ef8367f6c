//! The states of a consent and their data.
//!
//! A consent is the customer's side of one claim. The *association* of the claim is the record that
//! the partner works with the customer. It becomes *official* (the consent is *granted*) when the
//! claim is approved and the customer consents: explicitly, or by silence until the end of the
//! consent window. A *notice* is a mail to the customer contact. The contact is *authorized* if its
//! approval by link and its silence count as consent of the tenant.

pub(crate) use cpor_types::ConsentChannel as Channel;
use cpor_types::{Deadline, Personal, Timestamp};
use serde::{Deserialize, Serialize};

/// The state of a consent, with the data of that state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub(crate) enum State {
    /// The claim is submitted and not approved yet. The customer can already approve or decline.
    Requested,
    /// The claim is not approved yet. The consent window is open, because the policy counts it from
    /// the notice at submission (R41).
    AwaitingReviewInWindow(Window),
    /// The claim is not approved yet, and the consent window has passed in silence. The association
    /// becomes official when the claim is approved, not earlier.
    AwaitingReviewWindowPassed(Window),
    /// The claim is approved. The consent window opens when a notice is accepted (R41). If none is
    /// accepted in time, the claim is rejected (R41a).
    AwaitingDelivery(DeliveryPeriod),
    /// The claim is approved and the customer approved explicitly before the window opened, so the
    /// association is official (R26a). The window opens when a notice is accepted (R41). Until it
    /// has passed, the customer can still decline (R43).
    GrantedAwaitingDelivery {
        /// The time since which the association is official.
        since: Timestamp,
    },
    /// The claim is approved, and the customer can decline until the window passes.
    WindowOpen(Window),
    /// The claim is approved and the window has passed, but the contact is not authorized, so that
    /// neither its silence nor its approval by link counts yet (R43a). A reviewer can confirm the
    /// contact, and an administrator of the tenant can approve.
    AwaitingConfirmation(Window),
    /// The claim is approved and the customer approved explicitly, so the association is official
    /// (R26a). Until the window passes, the customer can still decline (R43).
    GrantedInWindow {
        /// The time since which the association is official.
        since: Timestamp,
        /// The open window.
        window: Window,
    },
    /// The association is official and the window has passed. The customer can decline only if the
    /// policy allows it at any time (R43).
    Granted {
        /// The time since which the association is official: for example the end of the window, an
        /// earlier explicit approval, or the later approval of the claim.
        since: Timestamp,
        /// The window that has passed.
        window: Window,
    },
    /// The customer declined.
    Declined(Decline),
    /// The claim was rejected, and the partner can dispute the rejection until the dispute window
    /// passes (R28). Meanwhile the customer can decline.
    RejectedDisputable {
        /// The time of the rejection.
        since: Timestamp,
        /// The deadline of the dispute window.
        until: Deadline,
    },
    /// The customer has nothing to decide: the claim is closed for good, the customer was not
    /// reached in time (R41a), or all associations of the claim have ended (R37, R39).
    Closed {
        /// The time of the event that closed the consent. If a dispute window has passed, the time
        /// of the rejection before it.
        since: Timestamp,
    },
}

impl State {
    /// Returns the state without its data.
    pub(crate) const fn kind(&self) -> StateKind {
        match self {
            Self::Requested => StateKind::Requested,
            Self::AwaitingReviewInWindow(_) => StateKind::AwaitingReviewInWindow,
            Self::AwaitingReviewWindowPassed(_) => StateKind::AwaitingReviewWindowPassed,
            Self::AwaitingDelivery(_) => StateKind::AwaitingDelivery,
            Self::GrantedAwaitingDelivery { .. } => StateKind::GrantedAwaitingDelivery,
            Self::WindowOpen(_) => StateKind::WindowOpen,
            Self::AwaitingConfirmation(_) => StateKind::AwaitingConfirmation,
            Self::GrantedInWindow { .. } => StateKind::GrantedInWindow,
            Self::Granted { .. } => StateKind::Granted,
            Self::Declined(_) => StateKind::Declined,
            Self::RejectedDisputable { .. } => StateKind::RejectedDisputable,
            Self::Closed { .. } => StateKind::Closed,
        }
    }

    /// Returns the consent window, whether open or passed, if the state has one.
    pub(crate) fn window(&self) -> Option<&Window> {
        match self {
            Self::AwaitingReviewInWindow(window)
            | Self::AwaitingReviewWindowPassed(window)
            | Self::WindowOpen(window)
            | Self::AwaitingConfirmation(window)
            | Self::GrantedInWindow { window, .. }
            | Self::Granted { window, .. } => Some(window),
            Self::Requested
            | Self::AwaitingDelivery(_)
            | Self::GrantedAwaitingDelivery { .. }
            | Self::Declined(_)
            | Self::RejectedDisputable { .. }
            | Self::Closed { .. } => None,
        }
    }

    /// Returns the time within which a notice must be accepted, if the state waits for that (R41a).
    pub(crate) fn delivery_period(&self) -> Option<&DeliveryPeriod> {
        if let Self::AwaitingDelivery(period) = self { Some(period) } else { None }
    }

    /// Returns the time since which the association is official, if it is.
    pub(crate) fn official_since(&self) -> Option<Timestamp> {
        match self {
            Self::GrantedAwaitingDelivery { since }
            | Self::GrantedInWindow { since, .. }
            | Self::Granted { since, .. } => Some(*since),
            Self::Requested
            | Self::AwaitingReviewInWindow(_)
            | Self::AwaitingReviewWindowPassed(_)
            | Self::AwaitingDelivery(_)
            | Self::WindowOpen(_)
            | Self::AwaitingConfirmation(_)
            | Self::Declined(_)
            | Self::RejectedDisputable { .. }
            | Self::Closed { .. } => None,
        }
    }

    /// Returns the deadline that the state waits for: the end of the open consent window, of the
    /// time in which a notice must be accepted, or of the dispute window.
    pub(crate) fn deadline(&self) -> Option<&Deadline> {
        match self {
            Self::RejectedDisputable { until, .. } => Some(until),
            Self::AwaitingDelivery(period) => Some(&period.deadline),
            Self::Requested
            | Self::AwaitingReviewInWindow(_)
            | Self::AwaitingReviewWindowPassed(_)
            | Self::GrantedAwaitingDelivery { .. }
            | Self::WindowOpen(_)
            | Self::AwaitingConfirmation(_)
            | Self::GrantedInWindow { .. }
            | Self::Granted { .. }
            | Self::Declined(_)
            | Self::Closed { .. } => self.open_window().map(|window| &window.deadline),
        }
    }

    /// Returns the consent window if it is open.
    pub(crate) fn open_window(&self) -> Option<&Window> {
        match self {
            Self::AwaitingReviewInWindow(window) | Self::WindowOpen(window) | Self::GrantedInWindow { window, .. } => {
                Some(window)
            }
            Self::Requested
            | Self::AwaitingReviewWindowPassed(_)
            | Self::AwaitingConfirmation(_)
            | Self::AwaitingDelivery(_)
            | Self::GrantedAwaitingDelivery { .. }
            | Self::Granted { .. }
            | Self::Declined(_)
            | Self::RejectedDisputable { .. }
            | Self::Closed { .. } => None,
        }
    }
}

/// The states without their data, documented in [`State`]. They are the rows of the transition
/// table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum StateKind {
    Requested,
    AwaitingReviewInWindow,
    AwaitingReviewWindowPassed,
    AwaitingDelivery,
    GrantedAwaitingDelivery,
    WindowOpen,
    AwaitingConfirmation,
    GrantedInWindow,
    Granted,
    Declined,
    RejectedDisputable,
    Closed,
}

impl StateKind {
    pub(crate) const ALL: [Self; 12] = [
        Self::Requested,
        Self::AwaitingReviewInWindow,
        Self::AwaitingReviewWindowPassed,
        Self::AwaitingDelivery,
        Self::GrantedAwaitingDelivery,
        Self::WindowOpen,
        Self::AwaitingConfirmation,
        Self::GrantedInWindow,
        Self::Granted,
        Self::Declined,
        Self::RejectedDisputable,
        Self::Closed,
    ];

    /// Returns whether the claim was declined or rejected, or the consent is closed. The customer
    /// cannot leave such a state by an approval; a dispute (R28) and some late reports of
    /// claim-intake lead out of it.
    pub(crate) const fn is_over(self) -> bool {
        match self {
            Self::Declined | Self::RejectedDisputable | Self::Closed => true,
            Self::Requested
            | Self::AwaitingReviewInWindow
            | Self::AwaitingReviewWindowPassed
            | Self::AwaitingDelivery
            | Self::GrantedAwaitingDelivery
            | Self::WindowOpen
            | Self::AwaitingConfirmation
            | Self::GrantedInWindow
            | Self::Granted => false,
        }
    }
}

/// The consent window: the time in which silence of the customer counts as consent (R41).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Window {
    /// The time at which the notice that starts the window was accepted.
    pub(crate) open_time: Timestamp,
    /// The end of the window, with the rule from which it was computed.
    pub(crate) deadline: Deadline,
}

impl Window {
    /// The stored name of the window's deadline.
    pub(crate) const DEADLINE: &'static str = "consent_window";
}

/// The time within which a notice about an approved claim must be accepted (R41a).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DeliveryPeriod {
    /// The end of the period.
    pub(crate) deadline: Deadline,
    /// The time at which the partner is reminded (R48). `None` after the reminder, and if the
    /// period is too short for one.
    pub(crate) remind_time: Option<Timestamp>,
}

impl DeliveryPeriod {
    /// The stored name of the period's deadline.
    pub(crate) const DEADLINE: &'static str = "customer_delivery";
    /// The stored name of the reminder.
    const REMINDER: &'static str = "remind_customer_delivery";

    /// Returns the deadlines that are still to come: the reminder and the end of the period.
    pub(super) fn deadlines(&self) -> Vec<Deadline> {
        let reminder_at = |due| Deadline { due, kind: Self::REMINDER.into(), rule: self.deadline.rule.clone() };
        self.remind_time.map(reminder_at).into_iter().chain([self.deadline.clone()]).collect()
    }
}

/// The time and the channel of a decision of the customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DecisionRecord {
    /// The time of the decision, by the business clock, which deadlines use and which can be
    /// virtual.
    pub(crate) time: Timestamp,
    /// The channel of the decision, such as the link in a mail.
    pub(crate) channel: Channel,
}

/// A decline by the customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Decline {
    /// The time and the channel of the decline.
    pub(crate) decision: DecisionRecord,
    /// The customer's comment; may be empty.
    pub(crate) comment: Personal,
}
