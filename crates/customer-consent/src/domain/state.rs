use cpor_types::{Deadline, Timestamp};
use serde::{Deserialize, Serialize};

/// Where a consent stands, with what is known only there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub(crate) enum State {
    /// The claim is submitted and not yet approved; the customer may speak already.
    Requested,
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
    /// The association is official, and the customer has no more to say.
    Granted {
        /// Since when: since the window passed, or since before where the customer approved.
        since: Timestamp,
        /// The window that passed.
        window: Window,
    },
    /// The customer declined.
    Declined(Decline),
    /// The claim was closed otherwise.
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
            Self::AwaitingDelivery => StateKind::AwaitingDelivery,
            Self::GrantedAwaitingDelivery { .. } => StateKind::GrantedAwaitingDelivery,
            Self::WindowOpen(_) => StateKind::WindowOpen,
            Self::GrantedInWindow { .. } => StateKind::GrantedInWindow,
            Self::Granted { .. } => StateKind::Granted,
            Self::Declined(_) => StateKind::Declined,
            Self::Closed { .. } => StateKind::Closed,
        }
    }

    /// The window, open or passed, once there is one.
    pub(crate) fn window(&self) -> Option<&Window> {
        match self {
            Self::WindowOpen(window) | Self::GrantedInWindow { window, .. } | Self::Granted { window, .. } => {
                Some(window)
            }
            Self::Requested
            | Self::AwaitingDelivery
            | Self::GrantedAwaitingDelivery { .. }
            | Self::Declined(_)
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
            | Self::AwaitingDelivery
            | Self::WindowOpen(_)
            | Self::Declined(_)
            | Self::Closed { .. } => None,
        }
    }

    /// This state, with the window now open (R41).
    pub(super) fn opened(&self, window: Window) -> Self {
        match self.official_since() {
            Some(since) => Self::GrantedInWindow { since, window },
            None => Self::WindowOpen(window),
        }
    }

    /// The window while it is open.
    pub(crate) fn open_window(&self) -> Option<&Window> {
        match self {
            Self::WindowOpen(window) | Self::GrantedInWindow { window, .. } => Some(window),
            Self::Requested
            | Self::AwaitingDelivery
            | Self::GrantedAwaitingDelivery { .. }
            | Self::Granted { .. }
            | Self::Declined(_)
            | Self::Closed { .. } => None,
        }
    }
}

/// The states by name: the rows of the transition table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum StateKind {
    /// [`State::Requested`].
    Requested,
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
    /// [`State::Closed`].
    Closed,
}

impl StateKind {
    /// All of them, in the order of a consent's life.
    pub(crate) const ALL: [Self; 8] = [
        Self::Requested,
        Self::AwaitingDelivery,
        Self::GrantedAwaitingDelivery,
        Self::WindowOpen,
        Self::GrantedInWindow,
        Self::Granted,
        Self::Declined,
        Self::Closed,
    ];

    /// The stable word, as it is stored.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::AwaitingDelivery => "awaiting_delivery",
            Self::GrantedAwaitingDelivery => "granted_awaiting_delivery",
            Self::WindowOpen => "window_open",
            Self::GrantedInWindow => "granted_in_window",
            Self::Granted => "granted",
            Self::Declined => "declined",
            Self::Closed => "closed",
        }
    }
}

/// The time in which the customer may decline an approved claim (R41).
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
}

impl Channel {
    /// The stable word, for events.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::SignedIn => "signed_in",
        }
    }
}

/// That the customer spoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Spoken {
    /// When.
    pub(crate) time: Timestamp,
    /// How.
    pub(crate) channel: Channel,
}

/// The customer's no.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Decline {
    /// When and how.
    pub(crate) spoken: Spoken,
    /// Why, in the customer's words; may be empty.
    pub(crate) comment: String,
}
