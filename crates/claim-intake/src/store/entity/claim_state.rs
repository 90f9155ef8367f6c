//! The columns with the state of a claim.

use sea_orm::{DeriveActiveEnum, EnumIter};

use crate::domain::ClaimStateKind;

/// The kind of a claim's state as it is stored. The names must not change. The migrations of the
/// tables list them too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub(crate) enum ClaimState {
    /// The stored form of [`ClaimStateKind::Editing`].
    #[sea_orm(string_value = "EDITING")]
    Editing,
    /// The stored form of [`ClaimStateKind::Deleted`].
    #[sea_orm(string_value = "DELETED")]
    Deleted,
    /// The stored form of [`ClaimStateKind::Submitted`].
    #[sea_orm(string_value = "SUBMITTED")]
    Submitted,
    /// The stored form of [`ClaimStateKind::UnderReview`].
    #[sea_orm(string_value = "UNDER_REVIEW")]
    UnderReview,
    /// The stored form of [`ClaimStateKind::PartnerActionRequired`].
    #[sea_orm(string_value = "PARTNER_ACTION_REQUIRED")]
    PartnerActionRequired,
    /// The stored form of [`ClaimStateKind::Approved`].
    #[sea_orm(string_value = "APPROVED")]
    Approved,
    /// The stored form of [`ClaimStateKind::Rejected`].
    #[sea_orm(string_value = "REJECTED")]
    Rejected,
    /// The stored form of [`ClaimStateKind::Disputed`].
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
