//! The column of a case's state.
use crate::domain::Phase;
use sea_orm::{DeriveActiveEnum, EnumIter};

/// The phase of a case as it is stored. The names must not change. The migration of the table lists
/// them too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub(crate) enum CaseState {
    /// The stored form of [`Phase::Waiting`].
    #[sea_orm(string_value = "waiting")]
    Waiting,
    /// The stored form of [`Phase::UnderReview`].
    #[sea_orm(string_value = "under_review")]
    UnderReview,
    /// The stored form of [`Phase::PartnerActionRequired`].
    #[sea_orm(string_value = "partner_action_required")]
    PartnerActionRequired,
    /// The stored form of [`Phase::Approving`].
    #[sea_orm(string_value = "approving")]
    Approving,
    /// The stored form of [`Phase::Approved`].
    #[sea_orm(string_value = "approved")]
    Approved,
    /// The stored form of [`Phase::Rejected`].
    #[sea_orm(string_value = "rejected")]
    Rejected,
    /// The stored form of [`Phase::Closed`].
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
