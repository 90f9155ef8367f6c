//! The transition table: the effect of each input in each state of a consent. The methods of
//! [`Consent`](super::Consent) apply it, and the commands that the API shows as allowed are derived
//! from it.
//!
//! A consent is the customer's side of one claim. Notices are mails to the customer contact. The
//! contact is *authorized* if its approval by link and its silence count as consent of the tenant.
//! The *consent window* is the time in which silence counts as consent.

use serde::{Deserialize, Serialize};

use super::StateKind::{
    self, AwaitingConfirmation, AwaitingDelivery, AwaitingReviewInWindow, AwaitingReviewWindowPassed, Closed, Declined,
    Granted, GrantedAwaitingDelivery, GrantedInWindow, RejectedDisputable, Requested, WindowOpen,
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
    /// The claim is approved, the customer has not approved it, and silence does not count, because
    /// the contact is not authorized (R43a).
    ClaimApprovedUnconfirmed,
    /// Lines or customer contact of the claim changed (R29, R29a), and the customer is asked anew.
    ClaimEdited,
    /// Like [`Self::ClaimEdited`], but an administrator of the tenant has approved. This approval
    /// still counts, because it does not depend on the contact.
    ClaimEditedWithConsent,
    /// Like [`Self::ClaimEdited`], but before the report of the edit arrived, the silence of the
    /// former contact counted as a decline (R28). claim-intake ignores that silence.
    ClaimEditedAfterSilence,
    /// A notice that can start the consent window is accepted (R41).
    NoticeAccepted,
    /// The only accepted notice that can start the consent window bounces after all (R41b).
    AcceptedNoticeBounces,
    /// The deadline of the consent window passes (R27).
    WindowPasses,
    /// The deadline of the consent window passes, and the customer declined before a dispute (R28).
    WindowPassesAfterDecline,
    /// The deadline of the consent window passes, and silence does not count, because the contact
    /// is not authorized (R43a).
    WindowPassesUnconfirmed,
    /// A contact whose silence did not count is authorized now (R43a).
    SilenceConfirmed,
    /// The time in which a notice must be accepted passes (R41a).
    DeliveryPeriodPasses,
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
    /// Associations that were reported as ended are on record after all (R47).
    LinesReinstated,
}

impl Input {
    #[cfg(test)]
    pub(crate) const ALL: [Self; 24] = [
        Self::Approve,
        Self::Decline,
        Self::DeclineAnyTime,
        Self::Resend,
        Self::ClaimApproved,
        Self::ClaimApprovedWithConsent,
        Self::ClaimApprovedAfterDecline,
        Self::ClaimApprovedUnconfirmed,
        Self::ClaimEdited,
        Self::ClaimEditedWithConsent,
        Self::ClaimEditedAfterSilence,
        Self::NoticeAccepted,
        Self::AcceptedNoticeBounces,
        Self::WindowPasses,
        Self::WindowPassesAfterDecline,
        Self::WindowPassesUnconfirmed,
        Self::SilenceConfirmed,
        Self::DeliveryPeriodPasses,
        Self::ClaimClosed,
        Self::ClaimRejected,
        Self::DisputeWindowPasses,
        Self::ClaimDisputed,
        Self::LinesEnded,
        Self::LinesReinstated,
    ];
}

/// The effect of an input in a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// The consent moves to this state.
    MovesTo(StateKind),
    /// The input is stored or executed (an approval is recorded, a notice is sent again, something
    /// is reported to claim-intake), and the state does not change.
    StateKept,
    /// Nothing changes, because the input was applied before or no longer matters. The caller of a
    /// command gets the same answer again.
    Nothing,
    /// The command is refused.
    Refused,
}

/// Returns the effect of `input` in `state`. Every pair of input and state is listed.
pub(crate) const fn effect(state: StateKind, input: Input) -> Effect {
    use Effect::{MovesTo, Nothing, Refused, StateKept};
    match input {
        Input::Approve => match state {
            AwaitingConfirmation => MovesTo(Granted),
            Requested | AwaitingReviewInWindow | AwaitingReviewWindowPassed => StateKept,
            AwaitingDelivery => MovesTo(GrantedAwaitingDelivery),
            WindowOpen => MovesTo(GrantedInWindow),
            GrantedAwaitingDelivery | GrantedInWindow => Nothing,
            Granted | Declined | RejectedDisputable | Closed => Refused,
        },
        Input::Decline => match state {
            Requested
            | AwaitingReviewInWindow
            | AwaitingDelivery
            | GrantedAwaitingDelivery
            | WindowOpen
            | GrantedInWindow
            | RejectedDisputable
            | AwaitingConfirmation => MovesTo(Declined),
            Declined => Nothing,
            AwaitingReviewWindowPassed | Granted | Closed => Refused,
        },
        Input::DeclineAnyTime => match state {
            AwaitingReviewWindowPassed | Granted => MovesTo(Declined),
            Requested
            | AwaitingReviewInWindow
            | AwaitingDelivery
            | GrantedAwaitingDelivery
            | WindowOpen
            | GrantedInWindow
            | Declined
            | RejectedDisputable
            | Closed
            | AwaitingConfirmation => effect(state, Input::Decline),
        },
        Input::Resend => match state {
            Requested
            | AwaitingReviewInWindow
            | AwaitingReviewWindowPassed
            | AwaitingDelivery
            | GrantedAwaitingDelivery
            | WindowOpen
            | GrantedInWindow
            | AwaitingConfirmation => StateKept,
            Granted | Declined | RejectedDisputable | Closed => Refused,
        },
        Input::ClaimApproved => match state {
            Requested => MovesTo(AwaitingDelivery),
            AwaitingReviewInWindow => MovesTo(WindowOpen),
            AwaitingReviewWindowPassed => MovesTo(Granted),
            AwaitingDelivery
            | GrantedAwaitingDelivery
            | WindowOpen
            | GrantedInWindow
            | Granted
            | Declined
            | RejectedDisputable
            | Closed
            | AwaitingConfirmation => Nothing,
        },
        Input::ClaimApprovedWithConsent => match state {
            Requested => MovesTo(GrantedAwaitingDelivery),
            AwaitingReviewInWindow => MovesTo(GrantedInWindow),
            AwaitingReviewWindowPassed => MovesTo(Granted),
            AwaitingDelivery
            | GrantedAwaitingDelivery
            | WindowOpen
            | GrantedInWindow
            | Granted
            | Declined
            | RejectedDisputable
            | Closed
            | AwaitingConfirmation => Nothing,
        },
        Input::ClaimApprovedAfterDecline => match state {
            Requested => MovesTo(AwaitingDelivery),
            AwaitingReviewInWindow => MovesTo(WindowOpen),
            AwaitingReviewWindowPassed => MovesTo(Declined),
            AwaitingDelivery
            | GrantedAwaitingDelivery
            | WindowOpen
            | GrantedInWindow
            | Granted
            | Declined
            | RejectedDisputable
            | Closed
            | AwaitingConfirmation => Nothing,
        },
        Input::ClaimApprovedUnconfirmed => match state {
            AwaitingReviewWindowPassed => MovesTo(AwaitingConfirmation),
            Requested
            | AwaitingReviewInWindow
            | AwaitingDelivery
            | GrantedAwaitingDelivery
            | WindowOpen
            | AwaitingConfirmation
            | GrantedInWindow
            | Granted
            | Declined
            | RejectedDisputable
            | Closed => effect(state, Input::ClaimApproved),
        },
        Input::ClaimEdited => match state {
            Requested | AwaitingReviewInWindow | AwaitingReviewWindowPassed => MovesTo(Requested),
            AwaitingDelivery
            | GrantedAwaitingDelivery
            | WindowOpen
            | AwaitingConfirmation
            | GrantedInWindow
            | Granted
            // The consent closes first if the customer was not reached (R41a). claim-intake ignores
            // that, because the contact was corrected before.
            | Closed => MovesTo(AwaitingDelivery),
            Declined | RejectedDisputable => Nothing,
        },
        Input::ClaimEditedWithConsent => match state {
            Requested | AwaitingReviewInWindow | AwaitingReviewWindowPassed => MovesTo(Requested),
            AwaitingDelivery
            | GrantedAwaitingDelivery
            | WindowOpen
            | AwaitingConfirmation
            | GrantedInWindow
            | Granted
            | Closed => MovesTo(GrantedAwaitingDelivery),
            Declined | RejectedDisputable => Nothing,
        },
        Input::ClaimEditedAfterSilence => match state {
            Declined => MovesTo(AwaitingDelivery),
            Requested
            | AwaitingReviewInWindow
            | AwaitingReviewWindowPassed
            | AwaitingDelivery
            | GrantedAwaitingDelivery
            | WindowOpen
            | AwaitingConfirmation
            | GrantedInWindow
            | Granted
            | RejectedDisputable
            | Closed => effect(state, Input::ClaimEdited),
        },
        Input::NoticeAccepted => match state {
            Requested => MovesTo(AwaitingReviewInWindow),
            AwaitingDelivery => MovesTo(WindowOpen),
            GrantedAwaitingDelivery => MovesTo(GrantedInWindow),
            AwaitingReviewInWindow
            | AwaitingReviewWindowPassed
            | WindowOpen
            | GrantedInWindow
            | Granted
            | Declined
            | RejectedDisputable
            | Closed
            | AwaitingConfirmation => Nothing,
        },
        Input::AcceptedNoticeBounces => match state {
            AwaitingReviewInWindow | AwaitingReviewWindowPassed => MovesTo(Requested),
            WindowOpen | AwaitingConfirmation => MovesTo(AwaitingDelivery),
            GrantedInWindow => MovesTo(GrantedAwaitingDelivery),
            Requested
            | AwaitingDelivery
            | GrantedAwaitingDelivery
            | Granted
            | Declined
            | RejectedDisputable
            | Closed => Nothing,
        },
        Input::WindowPasses => match state {
            AwaitingReviewInWindow => MovesTo(AwaitingReviewWindowPassed),
            WindowOpen | GrantedInWindow => MovesTo(Granted),
            Requested
            | AwaitingReviewWindowPassed
            | AwaitingDelivery
            | GrantedAwaitingDelivery
            | Granted
            | Declined
            | RejectedDisputable
            | Closed
            | AwaitingConfirmation => Nothing,
        },
        Input::WindowPassesAfterDecline => match state {
            WindowOpen => MovesTo(Declined),
            AwaitingReviewInWindow
            | GrantedInWindow
            | Requested
            | AwaitingReviewWindowPassed
            | AwaitingDelivery
            | GrantedAwaitingDelivery
            | Granted
            | Declined
            | RejectedDisputable
            | Closed
            | AwaitingConfirmation => effect(state, Input::WindowPasses),
        },
        Input::WindowPassesUnconfirmed => match state {
            WindowOpen => MovesTo(AwaitingConfirmation),
            AwaitingReviewInWindow
            | GrantedInWindow
            | Requested
            | AwaitingReviewWindowPassed
            | AwaitingDelivery
            | GrantedAwaitingDelivery
            | AwaitingConfirmation
            | Granted
            | Declined
            | RejectedDisputable
            | Closed => effect(state, Input::WindowPasses),
        },
        Input::SilenceConfirmed => match state {
            AwaitingConfirmation => MovesTo(Granted),
            Requested
            | AwaitingReviewInWindow
            | AwaitingReviewWindowPassed
            | AwaitingDelivery
            | GrantedAwaitingDelivery
            | WindowOpen
            | GrantedInWindow
            | Granted
            | Declined
            | RejectedDisputable
            | Closed => Nothing,
        },
        Input::DeliveryPeriodPasses => match state {
            AwaitingDelivery => MovesTo(Closed),
            Requested
            | AwaitingReviewInWindow
            | AwaitingReviewWindowPassed
            | GrantedAwaitingDelivery
            | WindowOpen
            | GrantedInWindow
            | Granted
            | Declined
            | RejectedDisputable
            | Closed
            | AwaitingConfirmation => Nothing,
        },
        Input::ClaimClosed => match state {
            Requested
            | AwaitingReviewInWindow
            | AwaitingReviewWindowPassed
            | AwaitingDelivery
            | GrantedAwaitingDelivery
            | WindowOpen
            | GrantedInWindow
            | Granted
            | RejectedDisputable
            | AwaitingConfirmation => MovesTo(Closed),
            Declined | Closed => Nothing,
        },
        Input::ClaimRejected => match state {
            Requested
            | AwaitingReviewInWindow
            | AwaitingReviewWindowPassed
            | AwaitingDelivery
            | GrantedAwaitingDelivery
            | WindowOpen
            | AwaitingConfirmation
            | GrantedInWindow
            | Granted
            // A consent is already closed when the claim is rejected because the customer was not
            // reached (R41a).
            | Closed => MovesTo(RejectedDisputable),
            RejectedDisputable | Declined => Nothing,
        },
        Input::DisputeWindowPasses => match state {
            RejectedDisputable => MovesTo(Closed),
            Requested
            | AwaitingReviewInWindow
            | AwaitingReviewWindowPassed
            | AwaitingDelivery
            | GrantedAwaitingDelivery
            | WindowOpen
            | GrantedInWindow
            | Granted
            | Declined
            | Closed
            | AwaitingConfirmation => Nothing,
        },
        Input::ClaimDisputed => match state {
            Declined | RejectedDisputable | Closed => MovesTo(Requested),
            Requested
            | AwaitingReviewInWindow
            | AwaitingReviewWindowPassed
            | AwaitingDelivery
            | GrantedAwaitingDelivery
            | WindowOpen
            | GrantedInWindow
            | Granted
            | AwaitingConfirmation => Nothing,
        },
        Input::LinesEnded => match state {
            AwaitingDelivery
            | GrantedAwaitingDelivery
            | WindowOpen
            | GrantedInWindow
            | Granted
            | AwaitingConfirmation => MovesTo(Closed),
            Declined | Closed => StateKept,
            Requested | AwaitingReviewInWindow | AwaitingReviewWindowPassed | RejectedDisputable => Nothing,
        },
        Input::LinesReinstated => match state {
            // Depending on the window, the state is `Granted`, `GrantedInWindow` or
            // `GrantedAwaitingDelivery`.
            Closed => MovesTo(Granted),
            Declined => StateKept,
            Requested
            | AwaitingReviewInWindow
            | AwaitingReviewWindowPassed
            | AwaitingDelivery
            | GrantedAwaitingDelivery
            | WindowOpen
            | AwaitingConfirmation
            | GrantedInWindow
            | Granted
            | RejectedDisputable => Nothing,
        },
    }
}

/// A decision that the customer can make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CustomerCommand {
    /// Approve the claim explicitly (R26a).
    Approve,
    /// Decline the claim (R26).
    Decline,
}

impl CustomerCommand {
    pub(super) const ALL: [Self; 2] = [Self::Approve, Self::Decline];
}
