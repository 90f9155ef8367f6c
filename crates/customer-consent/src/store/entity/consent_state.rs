//! The column of a consent's state.

use sea_orm::{DeriveActiveEnum, EnumIter};

use crate::domain::StateKind;

/// The kind of a consent's state as it is stored. The names must not change. The migration of the
/// table lists them too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub(crate) enum ConsentState {
    /// The stored form of [`StateKind::Requested`].
    #[sea_orm(string_value = "requested")]
    Requested,
    /// The stored form of [`StateKind::AwaitingReviewInWindow`].
    #[sea_orm(string_value = "requested_in_window")]
    AwaitingReviewInWindow,
    /// The stored form of [`StateKind::AwaitingReviewWindowPassed`].
    #[sea_orm(string_value = "requested_window_passed")]
    AwaitingReviewWindowPassed,
    /// The stored form of [`StateKind::AwaitingDelivery`].
    #[sea_orm(string_value = "awaiting_delivery")]
    AwaitingDelivery,
    /// The stored form of [`StateKind::GrantedAwaitingDelivery`].
    #[sea_orm(string_value = "granted_awaiting_delivery")]
    GrantedAwaitingDelivery,
    /// The stored form of [`StateKind::WindowOpen`].
    #[sea_orm(string_value = "window_open")]
    WindowOpen,
    /// The stored form of [`StateKind::AwaitingConfirmation`].
    #[sea_orm(string_value = "awaiting_confirmation")]
    AwaitingConfirmation,
    /// The stored form of [`StateKind::GrantedInWindow`].
    #[sea_orm(string_value = "granted_in_window")]
    GrantedInWindow,
    /// The stored form of [`StateKind::Granted`].
    #[sea_orm(string_value = "granted")]
    Granted,
    /// The stored form of [`StateKind::Declined`].
    #[sea_orm(string_value = "declined")]
    Declined,
    /// The stored form of [`StateKind::RejectedDisputable`].
    #[sea_orm(string_value = "disputable")]
    RejectedDisputable,
    /// The stored form of [`StateKind::Closed`].
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
