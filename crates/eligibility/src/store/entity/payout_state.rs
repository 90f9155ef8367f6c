//! The column of a payout's state.

use sea_orm::{DeriveActiveEnum, EnumIter};

use crate::domain::PayoutStateKind;

/// The stored form of a payout's state. The names must not change. The migration of the table lists
/// them too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub(crate) enum PayoutState {
    /// See [`PayoutStateKind::Upcoming`].
    #[sea_orm(string_value = "upcoming")]
    Upcoming,
    /// See [`PayoutStateKind::Processing`].
    #[sea_orm(string_value = "processing")]
    Processing,
    /// See [`PayoutStateKind::Sent`].
    #[sea_orm(string_value = "sent")]
    Sent,
    /// See [`PayoutStateKind::Reversed`].
    #[sea_orm(string_value = "reversed")]
    Reversed,
}

impl From<PayoutStateKind> for PayoutState {
    fn from(state: PayoutStateKind) -> Self {
        match state {
            PayoutStateKind::Upcoming => Self::Upcoming,
            PayoutStateKind::Processing => Self::Processing,
            PayoutStateKind::Sent => Self::Sent,
            PayoutStateKind::Reversed => Self::Reversed,
        }
    }
}
