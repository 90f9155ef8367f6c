//! The transition table: the effect of each input in each state of a consent. The methods of
//! [`Consent`](super::Consent) apply it, and the commands that the API shows as allowed are derived
//! from it.

use super::StateKind::{
    self, AwaitingDelivery, Closed, Declined, Disputable, Granted, GrantedAwaitingDelivery, GrantedInWindow, Requested,
    RequestedInWindow, RequestedWindowPassed, WindowOpen,
};

/// An input that can change a consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Input {
    /// The customer approves explicitly (R26a).
    Approve,
    /// The customer declines (R26, R43).
    Decline,
    /// The customer declines, and the policy allows that at any time (R43).
    DeclineAnyTime,
    /// A user asks for the last notice to be sent again (R44).
    Resend,
    /// The claim is approved, and the customer has not approved it yet (R23).
    ClaimApproved,
    /// The claim is approved, and the customer has approved it already (R26a).
    ClaimApprovedWithConsent,
    /// The claim is approved on a dispute, and the customer declined before the dispute and has not
    /// approved since (R28).
    ClaimApprovedAfterDecline,
    /// The claim was edited, and the customer is asked again (R29).
    ClaimEdited,
    /// A notice that can start the consent window is accepted (R41).
    NoticeAccepted,
    /// The deadline of the consent window passes (R27).
    WindowPasses,
    /// The deadline of the consent window passes, and the customer declined before a dispute (R28).
    WindowPassesAfterDecline,
    /// The claim is closed for good (R25, R33).
    ClaimClosed,
    /// The claim is rejected, and the rejection can be disputed (R22, R24).
    ClaimRejected,
    /// The deadline of the dispute window passes (R45).
    DisputeWindowPasses,
    /// The rejection is disputed (R28).
    ClaimDisputed,
    /// All associations of the claim have ended (R37, R39).
    LinesEnded,
}

impl Input {
    /// All inputs.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 16] = [
        Self::Approve,
        Self::Decline,
        Self::DeclineAnyTime,
        Self::Resend,
        Self::ClaimApproved,
        Self::ClaimApprovedWithConsent,
        Self::ClaimApprovedAfterDecline,
        Self::ClaimEdited,
        Self::NoticeAccepted,
        Self::WindowPasses,
        Self::WindowPassesAfterDecline,
        Self::ClaimClosed,
        Self::ClaimRejected,
        Self::DisputeWindowPasses,
        Self::ClaimDisputed,
        Self::LinesEnded,
    ];
}

/// The effect of an input in a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// The consent moves to this state.
    MovesTo(StateKind),
    /// The input is stored or executed (an approval is recorded, a notice is sent again), and the
    /// state does not change.
    Recorded,
    /// Nothing changes, because the input was applied before or no longer matters. The caller of a
    /// command gets the same answer again.
    Nothing,
    /// The command is refused.
    Refused,
}

/// Returns the effect of `input` in `state`. Every pair of input and state is listed.
pub(crate) const fn effect(state: StateKind, input: Input) -> Effect {
    use Effect::{MovesTo, Nothing, Recorded, Refused};
    match input {
        Input::Approve => match state {
            Requested | RequestedInWindow | RequestedWindowPassed => Recorded,
            AwaitingDelivery => MovesTo(GrantedAwaitingDelivery),
            WindowOpen => MovesTo(GrantedInWindow),
            GrantedAwaitingDelivery | GrantedInWindow => Nothing,
            Granted | Declined | Disputable | Closed => Refused,
        },
        Input::Decline => match state {
            Requested
            | RequestedInWindow
            | AwaitingDelivery
            | GrantedAwaitingDelivery
            | WindowOpen
            | GrantedInWindow
            | Disputable => MovesTo(Declined),
            Declined => Nothing,
            RequestedWindowPassed | Granted | Closed => Refused,
        },
        Input::DeclineAnyTime => match state {
            RequestedWindowPassed | Granted => MovesTo(Declined),
            Requested
            | RequestedInWindow
            | AwaitingDelivery
            | GrantedAwaitingDelivery
            | WindowOpen
            | GrantedInWindow
            | Declined
            | Disputable
            | Closed => effect(state, Input::Decline),
        },
        Input::Resend => match state {
            Requested
            | RequestedInWindow
            | RequestedWindowPassed
            | AwaitingDelivery
            | GrantedAwaitingDelivery
            | WindowOpen
            | GrantedInWindow => Recorded,
            Granted | Declined | Disputable | Closed => Refused,
        },
        Input::ClaimApproved => match state {
            Requested => MovesTo(AwaitingDelivery),
            RequestedInWindow => MovesTo(WindowOpen),
            RequestedWindowPassed => MovesTo(Granted),
            AwaitingDelivery
            | GrantedAwaitingDelivery
            | WindowOpen
            | GrantedInWindow
            | Granted
            | Declined
            | Disputable
            | Closed => Nothing,
        },
        Input::ClaimApprovedWithConsent => match state {
            Requested => MovesTo(GrantedAwaitingDelivery),
            RequestedInWindow => MovesTo(GrantedInWindow),
            RequestedWindowPassed => MovesTo(Granted),
            AwaitingDelivery
            | GrantedAwaitingDelivery
            | WindowOpen
            | GrantedInWindow
            | Granted
            | Declined
            | Disputable
            | Closed => Nothing,
        },
        Input::ClaimApprovedAfterDecline => match state {
            Requested => MovesTo(AwaitingDelivery),
            RequestedInWindow => MovesTo(WindowOpen),
            RequestedWindowPassed => MovesTo(Declined),
            AwaitingDelivery
            | GrantedAwaitingDelivery
            | WindowOpen
            | GrantedInWindow
            | Granted
            | Declined
            | Disputable
            | Closed => Nothing,
        },
        Input::ClaimEdited => match state {
            Requested | RequestedInWindow | RequestedWindowPassed => MovesTo(Requested),
            AwaitingDelivery
            | GrantedAwaitingDelivery
            | WindowOpen
            | GrantedInWindow
            | Granted
            | Declined
            | Disputable
            | Closed => Nothing,
        },
        Input::NoticeAccepted => match state {
            Requested => MovesTo(RequestedInWindow),
            AwaitingDelivery => MovesTo(WindowOpen),
            GrantedAwaitingDelivery => MovesTo(GrantedInWindow),
            RequestedInWindow
            | RequestedWindowPassed
            | WindowOpen
            | GrantedInWindow
            | Granted
            | Declined
            | Disputable
            | Closed => Nothing,
        },
        Input::WindowPasses => match state {
            RequestedInWindow => MovesTo(RequestedWindowPassed),
            WindowOpen | GrantedInWindow => MovesTo(Granted),
            Requested
            | RequestedWindowPassed
            | AwaitingDelivery
            | GrantedAwaitingDelivery
            | Granted
            | Declined
            | Disputable
            | Closed => Nothing,
        },
        Input::WindowPassesAfterDecline => match state {
            WindowOpen => MovesTo(Declined),
            RequestedInWindow
            | GrantedInWindow
            | Requested
            | RequestedWindowPassed
            | AwaitingDelivery
            | GrantedAwaitingDelivery
            | Granted
            | Declined
            | Disputable
            | Closed => effect(state, Input::WindowPasses),
        },
        Input::ClaimClosed => match state {
            Requested
            | RequestedInWindow
            | RequestedWindowPassed
            | AwaitingDelivery
            | GrantedAwaitingDelivery
            | WindowOpen
            | GrantedInWindow
            | Granted
            | Disputable => MovesTo(Closed),
            Declined | Closed => Nothing,
        },
        Input::ClaimRejected => match state {
            Requested
            | RequestedInWindow
            | RequestedWindowPassed
            | AwaitingDelivery
            | GrantedAwaitingDelivery
            | WindowOpen
            | GrantedInWindow
            | Granted => MovesTo(Disputable),
            Disputable | Declined | Closed => Nothing,
        },
        Input::DisputeWindowPasses => match state {
            Disputable => MovesTo(Closed),
            Requested
            | RequestedInWindow
            | RequestedWindowPassed
            | AwaitingDelivery
            | GrantedAwaitingDelivery
            | WindowOpen
            | GrantedInWindow
            | Granted
            | Declined
            | Closed => Nothing,
        },
        Input::ClaimDisputed => match state {
            Declined | Disputable | Closed => MovesTo(Requested),
            Requested
            | RequestedInWindow
            | RequestedWindowPassed
            | AwaitingDelivery
            | GrantedAwaitingDelivery
            | WindowOpen
            | GrantedInWindow
            | Granted => Nothing,
        },
        Input::LinesEnded => match state {
            AwaitingDelivery | GrantedAwaitingDelivery | WindowOpen | GrantedInWindow | Granted => MovesTo(Closed),
            Requested | RequestedInWindow | RequestedWindowPassed | Declined | Disputable | Closed => Nothing,
        },
    }
}

/// A command of the customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum CustomerCommand {
    /// Approve explicitly (R26a).
    Approve,
    /// Decline (R26).
    Decline,
}

impl CustomerCommand {
    /// All commands.
    pub(super) const ALL: [Self; 2] = [Self::Approve, Self::Decline];
}
