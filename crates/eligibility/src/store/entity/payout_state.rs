//! The values of the column with a payout's state.

use sea_orm::{DeriveActiveEnum, EnumIter};

use crate::domain::PayoutStateKind;

/// The stored form of a payout's state. The stored values must not change, because existing rows
/// contain them and the migration of the table lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub(crate) enum PayoutState {
    /// The payment has not begun.
    #[sea_orm(string_value = "upcoming")]
    Upcoming,
    /// The payment is under way.
    #[sea_orm(string_value = "processing")]
    Processing,
    /// The payment was sent.
    #[sea_orm(string_value = "sent")]
    Sent,
    /// The payment was reversed, and its earnings are unpaid again.
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
