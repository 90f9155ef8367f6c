//! The one table of transitions: what each input does in each state. The machine, `allowed_commands` and the diagram in the
//! documentation follow it.

use super::StateKind::{
    self, AwaitingDelivery, Closed, Declined, Granted, GrantedAwaitingDelivery, GrantedInWindow, Requested, WindowOpen,
};

/// What can reach a consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Input {
    /// The customer approves (R26a).
    Approve,
    /// The customer declines (R26, R43).
    Decline,
    /// The claim is approved, and the customer has not approved before (R23).
    ClaimApproved,
    /// The claim is approved, and the customer had approved before (R26a).
    ClaimApprovedAhead,
    /// The notice that the window is counted from is accepted (R41).
    NoticeAccepted,
    /// The window's deadline passes (R27).
    WindowPasses,
    /// The claim is closed (R25, R24, R22).
    ClaimClosed,
}

impl Input {
    /// All of them.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 7] = [
        Self::Approve,
        Self::Decline,
        Self::ClaimApproved,
        Self::ClaimApprovedAhead,
        Self::NoticeAccepted,
        Self::WindowPasses,
        Self::ClaimClosed,
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
    /// The customer's word is not taken.
    Refused,
}

/// The table. Every pair is spelt out.
pub(crate) const fn outcome(state: StateKind, input: Input) -> Outcome {
    use Outcome::{Becomes, Nothing, Refused, Remembered};
    match (state, input) {
        (Requested, Input::Approve) => Remembered,
        (Requested, Input::ClaimApproved) => Becomes(AwaitingDelivery),
        (Requested, Input::ClaimApprovedAhead) => Becomes(GrantedAwaitingDelivery),
        (Requested, Input::NoticeAccepted | Input::WindowPasses) => Nothing,

        (AwaitingDelivery, Input::Approve) => Becomes(GrantedAwaitingDelivery),
        (AwaitingDelivery, Input::NoticeAccepted) => Becomes(WindowOpen),
        (AwaitingDelivery, Input::ClaimApproved | Input::ClaimApprovedAhead | Input::WindowPasses) => Nothing,

        (GrantedAwaitingDelivery, Input::NoticeAccepted) => Becomes(GrantedInWindow),
        (
            GrantedAwaitingDelivery,
            Input::Approve | Input::ClaimApproved | Input::ClaimApprovedAhead | Input::WindowPasses,
        ) => Nothing,

        (WindowOpen, Input::Approve) => Becomes(GrantedInWindow),
        (WindowOpen, Input::WindowPasses) => Becomes(Granted),
        (WindowOpen, Input::ClaimApproved | Input::ClaimApprovedAhead | Input::NoticeAccepted) => Nothing,

        (GrantedInWindow, Input::WindowPasses) => Becomes(Granted),
        (
            GrantedInWindow,
            Input::Approve | Input::ClaimApproved | Input::ClaimApprovedAhead | Input::NoticeAccepted,
        ) => Nothing,

        (Requested | AwaitingDelivery | GrantedAwaitingDelivery | WindowOpen | GrantedInWindow, Input::Decline) => {
            Becomes(Declined)
        }

        (Granted, Input::Approve | Input::Decline) => Refused,
        (Granted, Input::ClaimApproved | Input::ClaimApprovedAhead | Input::NoticeAccepted | Input::WindowPasses) => {
            Nothing
        }

        (
            Requested | AwaitingDelivery | GrantedAwaitingDelivery | WindowOpen | GrantedInWindow | Granted,
            Input::ClaimClosed,
        ) => Becomes(Closed),

        (Declined, Input::Approve) => Refused,
        (
            Declined,
            Input::Decline
            | Input::ClaimApproved
            | Input::ClaimApprovedAhead
            | Input::NoticeAccepted
            | Input::WindowPasses
            | Input::ClaimClosed,
        ) => Nothing,

        (Closed, Input::Approve | Input::Decline) => Refused,
        (
            Closed,
            Input::ClaimApproved
            | Input::ClaimApprovedAhead
            | Input::NoticeAccepted
            | Input::WindowPasses
            | Input::ClaimClosed,
        ) => Nothing,
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
    const ALL: [Self; 2] = [Self::Approve, Self::Decline];

    const fn input(self) -> Input {
        match self {
            Self::Approve => Input::Approve,
            Self::Decline => Input::Decline,
        }
    }
}

/// What the customer can still do that changes something.
pub(crate) fn allowed_commands(state: StateKind, has_approved: bool) -> impl Iterator<Item = Command> {
    Command::ALL.into_iter().filter(move |command| match outcome(state, command.input()) {
        Outcome::Becomes(_) => true,
        Outcome::Remembered => !has_approved,
        Outcome::Nothing | Outcome::Refused => false,
    })
}
