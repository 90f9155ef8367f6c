//! The one table of transitions: what each input does in each state. The machine, `allowed_commands` and the diagram in the
//! documentation follow it.

use super::StateKind::{
    self, AwaitingDelivery, Closed, Declined, Disputable, Granted, GrantedAwaitingDelivery, GrantedInWindow, Requested,
    RequestedInWindow, RequestedWindowPassed, WindowOpen,
};

/// What can reach a consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Input {
    /// The customer approves (R26a).
    Approve,
    /// The customer declines (R26, R43).
    Decline,
    /// The customer declines, and the policy lets it at any time (R43).
    DeclineAnyTime,
    /// The last notice is to be sent again (R44).
    Resend,
    /// The claim is approved, and the customer has not approved before (R23).
    ClaimApproved,
    /// The claim is approved, and the customer had approved before (R26a).
    ClaimApprovedAhead,
    /// The claim is approved on a dispute, and the customer had declined before and not approved since (R28).
    ClaimApprovedAfterDecline,
    /// The claim was changed, and the customer is asked anew (R29).
    ClaimEdited,
    /// The notice that the window is counted from is accepted (R41).
    NoticeAccepted,
    /// The window's deadline passes (R27).
    WindowPasses,
    /// The same, where the customer had declined before (R28).
    WindowPassesAfterDecline,
    /// The claim is closed for good (R25, R33).
    ClaimClosed,
    /// The claim is rejected and can be disputed (R22, R24).
    ClaimRejected,
    /// It can no longer be disputed (R45).
    DisputeWindowPasses,
    /// The rejection is disputed (R28).
    ClaimDisputed,
    /// Every association of the claim is over (R37, R39).
    LinesEnded,
}

impl Input {
    /// All of them.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 16] = [
        Self::Approve,
        Self::Decline,
        Self::DeclineAnyTime,
        Self::Resend,
        Self::ClaimApproved,
        Self::ClaimApprovedAhead,
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

/// What an input does in a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The consent moves on.
    Becomes(StateKind),
    /// It is remembered, and the state stays.
    Remembered,
    /// It has been said or has happened before, or no longer matters: nothing changes, and a customer gets the first answer.
    Nothing,
    /// The word is not taken.
    Refused,
}

/// The table: a column of states for each input, every pair spelt out.
pub(crate) const fn outcome(state: StateKind, input: Input) -> Outcome {
    use Outcome::{Becomes, Nothing, Refused, Remembered};
    match input {
        Input::Approve => match state {
            Requested | RequestedInWindow | RequestedWindowPassed => Remembered,
            AwaitingDelivery => Becomes(GrantedAwaitingDelivery),
            WindowOpen => Becomes(GrantedInWindow),
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
            | Disputable => Becomes(Declined),
            Declined => Nothing,
            RequestedWindowPassed | Granted | Closed => Refused,
        },
        Input::DeclineAnyTime => match state {
            RequestedWindowPassed | Granted => Becomes(Declined),
            Requested
            | RequestedInWindow
            | AwaitingDelivery
            | GrantedAwaitingDelivery
            | WindowOpen
            | GrantedInWindow
            | Declined
            | Disputable
            | Closed => outcome(state, Input::Decline),
        },
        Input::Resend => match state {
            Requested
            | RequestedInWindow
            | RequestedWindowPassed
            | AwaitingDelivery
            | GrantedAwaitingDelivery
            | WindowOpen
            | GrantedInWindow => Remembered,
            Granted | Declined | Disputable | Closed => Refused,
        },
        Input::ClaimApproved => match state {
            Requested => Becomes(AwaitingDelivery),
            RequestedInWindow => Becomes(WindowOpen),
            RequestedWindowPassed => Becomes(Granted),
            AwaitingDelivery
            | GrantedAwaitingDelivery
            | WindowOpen
            | GrantedInWindow
            | Granted
            | Declined
            | Disputable
            | Closed => Nothing,
        },
        Input::ClaimApprovedAhead => match state {
            Requested => Becomes(GrantedAwaitingDelivery),
            RequestedInWindow => Becomes(GrantedInWindow),
            RequestedWindowPassed => Becomes(Granted),
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
            Requested => Becomes(AwaitingDelivery),
            RequestedInWindow => Becomes(WindowOpen),
            RequestedWindowPassed => Becomes(Declined),
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
            Requested | RequestedInWindow | RequestedWindowPassed => Becomes(Requested),
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
            Requested => Becomes(RequestedInWindow),
            AwaitingDelivery => Becomes(WindowOpen),
            GrantedAwaitingDelivery => Becomes(GrantedInWindow),
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
            RequestedInWindow => Becomes(RequestedWindowPassed),
            WindowOpen | GrantedInWindow => Becomes(Granted),
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
            WindowOpen => Becomes(Declined),
            RequestedInWindow
            | GrantedInWindow
            | Requested
            | RequestedWindowPassed
            | AwaitingDelivery
            | GrantedAwaitingDelivery
            | Granted
            | Declined
            | Disputable
            | Closed => outcome(state, Input::WindowPasses),
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
            | Disputable => Becomes(Closed),
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
            | Granted => Becomes(Disputable),
            Disputable | Declined | Closed => Nothing,
        },
        Input::DisputeWindowPasses => match state {
            Disputable => Becomes(Closed),
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
            Declined | Disputable | Closed => Becomes(Requested),
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
            AwaitingDelivery | GrantedAwaitingDelivery | WindowOpen | GrantedInWindow | Granted => Becomes(Closed),
            Requested | RequestedInWindow | RequestedWindowPassed | Declined | Disputable | Closed => Nothing,
        },
    }
}

/// What a customer can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Command {
    /// Approve explicitly (R26a).
    Approve,
    /// Decline (R26).
    Decline,
}

impl Command {
    /// Both.
    pub(super) const ALL: [Self; 2] = [Self::Approve, Self::Decline];
}
