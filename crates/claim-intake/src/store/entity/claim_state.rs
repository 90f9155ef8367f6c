//! The values of the column with the state of a claim.

use sea_orm::{DeriveActiveEnum, EnumIter};

use crate::domain::ClaimStateKind;

/// The kind of a claim's state as it is stored. The stored strings must not change: existing rows
/// contain them, and a migration lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub(crate) enum ClaimState {
    #[sea_orm(string_value = "EDITING")]
    Editing,
    #[sea_orm(string_value = "DELETED")]
    Deleted,
    #[sea_orm(string_value = "SUBMITTED")]
    Submitted,
    #[sea_orm(string_value = "UNDER_REVIEW")]
    UnderReview,
    #[sea_orm(string_value = "PARTNER_ACTION_REQUIRED")]
    PartnerActionRequired,
    #[sea_orm(string_value = "APPROVED")]
    Approved,
    #[sea_orm(string_value = "REJECTED")]
    Rejected,
    #[sea_orm(string_value = "DISPUTED")]
    Disputed,
}

impl From<ClaimStateKind> for ClaimState {
    fn from(value: ClaimStateKind) -> Self {
        match value {
            ClaimStateKind::Editing => Self::Editing,
            ClaimStateKind::Deleted => Self::Deleted,
            ClaimStateKind::Submitted => Self::Submitted,
            ClaimStateKind::UnderReview => Self::UnderReview,
            ClaimStateKind::PartnerActionRequired => Self::PartnerActionRequired,
            ClaimStateKind::Approved => Self::Approved,
            ClaimStateKind::Rejected => Self::Rejected,
            ClaimStateKind::Disputed => Self::Disputed,
        }
    }
}

impl From<ClaimState> for ClaimStateKind {
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
