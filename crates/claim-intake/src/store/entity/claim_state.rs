//! The columns with the state of a claim.

use sea_orm::{DeriveActiveEnum, EnumIter};

use crate::domain::StateKind;

/// The kind of a claim's state as it is stored. The names must not change. The migrations of the
/// tables list them too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub(crate) enum ClaimState {
    /// See [`StateKind::Editing`].
    #[sea_orm(string_value = "EDITING")]
    Editing,
    /// See [`StateKind::Deleted`].
    #[sea_orm(string_value = "DELETED")]
    Deleted,
    /// See [`StateKind::Submitted`].
    #[sea_orm(string_value = "SUBMITTED")]
    Submitted,
    /// See [`StateKind::UnderReview`].
    #[sea_orm(string_value = "UNDER_REVIEW")]
    UnderReview,
    /// See [`StateKind::PartnerActionRequired`].
    #[sea_orm(string_value = "PARTNER_ACTION_REQUIRED")]
    PartnerActionRequired,
    /// See [`StateKind::Approved`].
    #[sea_orm(string_value = "APPROVED")]
    Approved,
    /// See [`StateKind::Rejected`].
    #[sea_orm(string_value = "REJECTED")]
    Rejected,
    /// See [`StateKind::Disputed`].
    #[sea_orm(string_value = "DISPUTED")]
    Disputed,
}

impl From<StateKind> for ClaimState {
    fn from(value: StateKind) -> Self {
        match value {
            StateKind::Editing => Self::Editing,
            StateKind::Deleted => Self::Deleted,
            StateKind::Submitted => Self::Submitted,
            StateKind::UnderReview => Self::UnderReview,
            StateKind::PartnerActionRequired => Self::PartnerActionRequired,
            StateKind::Approved => Self::Approved,
            StateKind::Rejected => Self::Rejected,
            StateKind::Disputed => Self::Disputed,
        }
    }
}

impl From<ClaimState> for StateKind {
    fn from(value: ClaimState) -> Self {
        match value {
            ClaimState::Editing => Self::Editing,
            ClaimState::Deleted => Self::Deleted,
            ClaimState::Submitted => Self::Submitted,
            ClaimState::UnderReview => Self::UnderReview,
            ClaimState::PartnerActionRequired => Self::PartnerActionRequired,
            ClaimState::Approved => Self::Approved,
            ClaimState::Rejected => Self::Rejected,
            ClaimState::Disputed => Self::Disputed,
        }
    }
}
