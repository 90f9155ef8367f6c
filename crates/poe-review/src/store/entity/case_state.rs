//! The values of the column with a case's state.
use crate::domain::Phase;
use sea_orm::{DeriveActiveEnum, EnumIter};

/// The stored form of a [`Phase`] with the same name, which documents the phases. The stored texts
/// must not change, because rows contain them and the migration of the table lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub(crate) enum CaseState {
    #[sea_orm(string_value = "waiting")]
    Waiting,
    #[sea_orm(string_value = "under_review")]
    UnderReview,
    #[sea_orm(string_value = "partner_action_required")]
    PartnerActionRequired,
    #[sea_orm(string_value = "approving")]
    Approving,
    #[sea_orm(string_value = "approved")]
    Approved,
    #[sea_orm(string_value = "rejected")]
    Rejected,
    #[sea_orm(string_value = "closed")]
    Closed,
}

impl From<Phase> for CaseState {
    fn from(phase: Phase) -> Self {
        match phase {
            Phase::Waiting => Self::Waiting,
            Phase::UnderReview => Self::UnderReview,
            Phase::PartnerActionRequired => Self::PartnerActionRequired,
            Phase::Approving => Self::Approving,
            Phase::Approved => Self::Approved,
            Phase::Rejected => Self::Rejected,
            Phase::Closed => Self::Closed,
        }
    }
}

impl From<CaseState> for Phase {
    fn from(state: CaseState) -> Self {
        match state {
            CaseState::Waiting => Self::Waiting,
            CaseState::UnderReview => Self::UnderReview,
            CaseState::PartnerActionRequired => Self::PartnerActionRequired,
            CaseState::Approving => Self::Approving,
            CaseState::Approved => Self::Approved,
            CaseState::Rejected => Self::Rejected,
            CaseState::Closed => Self::Closed,
        }
    }
}
