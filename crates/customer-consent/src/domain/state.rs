use cpor_types::{Deadline, Timestamp};
use serde::{Deserialize, Serialize};

/// Where a consent stands, with what is known only there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub(crate) enum State {
    /// The claim is submitted and not yet approved; the customer may speak already.
    Requested,
    /// The same, and the window that is counted from the notice at submission is open (R41, policy).
    RequestedInWindow(Window),
    /// The same, and that window has passed in silence: the association is official at approval, no earlier.
    RequestedWindowPassed(Window),
    /// The claim is approved, and the window opens when a notice is accepted (R41).
    AwaitingDelivery,
    /// The customer approved before the window opened, be it before the claim was approved: the association is official (R26a). The
    /// window opens all the same when a notice is accepted (R41), and until it has passed a decline beats the approval (R43).
    GrantedAwaitingDelivery {
        /// Since when the association is official.
        since: Timestamp,
    },
    /// The customer may decline until the window passes.
    WindowOpen(Window),
    /// The customer approved before the window passed: the association is official (R26a), and can still be declined until the window
    /// passes (R43), because a decline beats an approval.
    GrantedInWindow {
        /// Since when the association is official.
        since: Timestamp,
        /// The window that is still open.
        window: Window,
    },
    /// The association is official, and the customer has no more to say, but where the policy lets it decline at any time (R43).
    Granted {
        /// Since when: since the window passed, or since before where the customer approved.
        since: Timestamp,
        /// The window that passed.
        window: Window,
    },
    /// The customer declined.
    Declined(Decline),
    /// The claim was rejected, and the partner can dispute that (R28): a decline is recorded until it no longer can.
    Disputable {
        /// Since when.
        since: Timestamp,
        /// When the dispute window passes.
        until: Deadline,
    },
    /// The claim is over.
    Closed {
        /// When.
        since: Timestamp,
    },
}

impl State {
    /// Which state, without its data.
    pub(crate) const fn kind(&self) -> StateKind {
        match self {
            Self::Requested => StateKind::Requested,
            Self::RequestedInWindow(_) => StateKind::RequestedInWindow,
            Self::RequestedWindowPassed(_) => StateKind::RequestedWindowPassed,
            Self::AwaitingDelivery => StateKind::AwaitingDelivery,
            Self::GrantedAwaitingDelivery { .. } => StateKind::GrantedAwaitingDelivery,
            Self::WindowOpen(_) => StateKind::WindowOpen,
            Self::GrantedInWindow { .. } => StateKind::GrantedInWindow,
            Self::Granted { .. } => StateKind::Granted,
            Self::Declined(_) => StateKind::Declined,
            Self::Disputable { .. } => StateKind::Disputable,
            Self::Closed { .. } => StateKind::Closed,
        }
    }

    /// The window, open or passed, once there is one.
    pub(crate) fn window(&self) -> Option<&Window> {
        match self {
            Self::RequestedInWindow(window)
            | Self::RequestedWindowPassed(window)
            | Self::WindowOpen(window)
            | Self::GrantedInWindow { window, .. }
            | Self::Granted { window, .. } => Some(window),
            Self::Requested
            | Self::AwaitingDelivery
            | Self::GrantedAwaitingDelivery { .. }
            | Self::Declined(_)
            | Self::Disputable { .. }
            | Self::Closed { .. } => None,
        }
    }

    /// Since when the association is official, where it is.
    pub(crate) fn official_since(&self) -> Option<Timestamp> {
        match self {
            Self::GrantedAwaitingDelivery { since }
            | Self::GrantedInWindow { since, .. }
            | Self::Granted { since, .. } => Some(*since),
            Self::Requested
            | Self::RequestedInWindow(_)
            | Self::RequestedWindowPassed(_)
            | Self::AwaitingDelivery
            | Self::WindowOpen(_)
            | Self::Declined(_)
            | Self::Disputable { .. }
            | Self::Closed { .. } => None,
        }
    }

    /// The deadline that this state waits for: that of its window while it is open, or that of a dispute.
    pub(crate) fn deadline(&self) -> Option<&Deadline> {
        match self {
            Self::Disputable { until, .. } => Some(until),
            Self::Requested
            | Self::RequestedInWindow(_)
            | Self::RequestedWindowPassed(_)
            | Self::AwaitingDelivery
            | Self::GrantedAwaitingDelivery { .. }
            | Self::WindowOpen(_)
            | Self::GrantedInWindow { .. }
            | Self::Granted { .. }
            | Self::Declined(_)
            | Self::Closed { .. } => self.open_window().map(|window| &window.deadline),
        }
    }

    /// The window while it is open.
    pub(crate) fn open_window(&self) -> Option<&Window> {
        match self {
            Self::RequestedInWindow(window) | Self::WindowOpen(window) | Self::GrantedInWindow { window, .. } => {
                Some(window)
            }
            Self::Requested
            | Self::RequestedWindowPassed(_)
            | Self::AwaitingDelivery
            | Self::GrantedAwaitingDelivery { .. }
            | Self::Granted { .. }
            | Self::Declined(_)
            | Self::Disputable { .. }
            | Self::Closed { .. } => None,
        }
    }
}

/// The states by name: the rows of the transition table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum StateKind {
    /// [`State::Requested`].
    Requested,
    /// [`State::RequestedInWindow`].
    RequestedInWindow,
    /// [`State::RequestedWindowPassed`].
    RequestedWindowPassed,
    /// [`State::AwaitingDelivery`].
    AwaitingDelivery,
    /// [`State::GrantedAwaitingDelivery`].
    GrantedAwaitingDelivery,
    /// [`State::WindowOpen`].
    WindowOpen,
    /// [`State::GrantedInWindow`].
    GrantedInWindow,
    /// [`State::Granted`].
    Granted,
    /// [`State::Declined`].
    Declined,
    /// [`State::Disputable`].
    Disputable,
    /// [`State::Closed`].
    Closed,
}

impl StateKind {
    /// All of them, in the order of a consent's life.
    pub(crate) const ALL: [Self; 11] = [
        Self::Requested,
        Self::RequestedInWindow,
        Self::RequestedWindowPassed,
        Self::AwaitingDelivery,
        Self::GrantedAwaitingDelivery,
        Self::WindowOpen,
        Self::GrantedInWindow,
        Self::Granted,
        Self::Declined,
        Self::Disputable,
        Self::Closed,
    ];

    /// The stable word, as it is stored.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::RequestedInWindow => "requested_in_window",
            Self::RequestedWindowPassed => "requested_window_passed",
            Self::AwaitingDelivery => "awaiting_delivery",
            Self::GrantedAwaitingDelivery => "granted_awaiting_delivery",
            Self::WindowOpen => "window_open",
            Self::GrantedInWindow => "granted_in_window",
            Self::Granted => "granted",
            Self::Declined => "declined",
            Self::Disputable => "disputable",
            Self::Closed => "closed",
        }
    }
}

impl StateKind {
    /// Whether the claim is at its end, by the customer's decline or otherwise; only a dispute opens it again.
    pub(crate) const fn is_over(self) -> bool {
        match self {
            Self::Declined | Self::Disputable | Self::Closed => true,
            Self::Requested
            | Self::RequestedInWindow
            | Self::RequestedWindowPassed
            | Self::AwaitingDelivery
            | Self::GrantedAwaitingDelivery
            | Self::WindowOpen
            | Self::GrantedInWindow
            | Self::Granted => false,
        }
    }
}

/// The time in which the customer may decline (R41).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Window {
    /// When the notice that it is counted from was accepted.
    pub(crate) opened: Timestamp,
    /// When it passes, and the rule that gave the time.
    pub(crate) deadline: Deadline,
}

impl Window {
    /// The kind of its deadline.
    pub(crate) const DEADLINE: &'static str = "consent_window";
}

/// How a customer speaks (R43).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Channel {
    /// Through the link in an e-mail.
    Link,
    /// Signed in as an administrator of the tenant.
    SignedIn,
    /// Not at all, where after an earlier decline only an explicit approval would have counted (R28).
    Silence,
}

impl Channel {
    /// The stable word, for events.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::SignedIn => "signed_in",
            Self::Silence => "silence",
        }
    }
}

/// That the customer spoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DecisionRecord {
    /// When.
    pub(crate) time: Timestamp,
    /// How.
    pub(crate) channel: Channel,
}

/// The customer's no.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Decline {
    /// When and how.
    #[serde(rename = "spoken")]
    pub(crate) decision: DecisionRecord,
    /// Why, in the customer's words; may be empty.
    pub(crate) comment: String,
}
