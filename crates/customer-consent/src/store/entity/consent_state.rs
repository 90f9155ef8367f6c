//! The values of the column with a consent's state.

use sea_orm::{DeriveActiveEnum, EnumIter};

use crate::domain::StateKind;

/// The stored form of a [`StateKind`] with the same name, which documents the states. *Window* is
/// the consent window, in which silence of the customer counts as consent, and *delivery* is that
/// of the mail to the customer. The stored texts must not change, because rows contain them and the
/// migration of the table lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub(crate) enum ConsentState {
    #[sea_orm(string_value = "requested")]
    Requested,
    #[sea_orm(string_value = "awaiting_review_in_window")]
    AwaitingReviewInWindow,
    #[sea_orm(string_value = "awaiting_review_window_passed")]
    AwaitingReviewWindowPassed,
    #[sea_orm(string_value = "awaiting_delivery")]
    AwaitingDelivery,
    #[sea_orm(string_value = "granted_awaiting_delivery")]
    GrantedAwaitingDelivery,
    #[sea_orm(string_value = "window_open")]
    WindowOpen,
    #[sea_orm(string_value = "awaiting_confirmation")]
    AwaitingConfirmation,
    #[sea_orm(string_value = "granted_in_window")]
    GrantedInWindow,
    #[sea_orm(string_value = "granted")]
    Granted,
    #[sea_orm(string_value = "declined")]
    Declined,
    #[sea_orm(string_value = "rejected_disputable")]
    RejectedDisputable,
    #[sea_orm(string_value = "closed")]
    Closed,
}

impl From<StateKind> for ConsentState {
    fn from(kind: StateKind) -> Self {
        match kind {
            StateKind::Requested => Self::Requested,
            StateKind::AwaitingReviewInWindow => Self::AwaitingReviewInWindow,
            StateKind::AwaitingReviewWindowPassed => Self::AwaitingReviewWindowPassed,
            StateKind::AwaitingDelivery => Self::AwaitingDelivery,
            StateKind::GrantedAwaitingDelivery => Self::GrantedAwaitingDelivery,
            StateKind::WindowOpen => Self::WindowOpen,
            StateKind::AwaitingConfirmation => Self::AwaitingConfirmation,
            StateKind::GrantedInWindow => Self::GrantedInWindow,
            StateKind::Granted => Self::Granted,
            StateKind::Declined => Self::Declined,
            StateKind::RejectedDisputable => Self::RejectedDisputable,
            StateKind::Closed => Self::Closed,
        }
    }
}

impl From<ConsentState> for StateKind {
    fn from(state: ConsentState) -> Self {
        match state {
            ConsentState::Requested => Self::Requested,
            ConsentState::AwaitingReviewInWindow => Self::AwaitingReviewInWindow,
            ConsentState::AwaitingReviewWindowPassed => Self::AwaitingReviewWindowPassed,
            ConsentState::AwaitingDelivery => Self::AwaitingDelivery,
            ConsentState::GrantedAwaitingDelivery => Self::GrantedAwaitingDelivery,
            ConsentState::WindowOpen => Self::WindowOpen,
            ConsentState::AwaitingConfirmation => Self::AwaitingConfirmation,
            ConsentState::GrantedInWindow => Self::GrantedInWindow,
            ConsentState::Granted => Self::Granted,
            ConsentState::Declined => Self::Declined,
            ConsentState::RejectedDisputable => Self::RejectedDisputable,
            ConsentState::Closed => Self::Closed,
        }
    }
}
