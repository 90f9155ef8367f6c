//! The values of the column with the state of a claim's association, for filters. An association
//! puts the partner on record for the workloads or subscriptions of the claim.

use sea_orm::{DeriveActiveEnum, EnumIter};

use crate::domain::{Association, State};

/// The state of a claim's association as lists name it. The stored strings must not change:
/// existing rows contain them, and a migration lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub(crate) enum AssociationState {
    /// The claim has no association.
    #[sea_orm(string_value = "UNSPECIFIED")]
    Unspecified,
    /// The association is not on record yet.
    #[sea_orm(string_value = "PENDING")]
    Pending,
    /// The association is on record.
    #[sea_orm(string_value = "OFFICIAL")]
    Official,
    /// The association has ended.
    #[sea_orm(string_value = "ENDED")]
    Ended,
}

impl From<&State> for AssociationState {
    fn from(state: &State) -> Self {
        match (state.association(), state.rejection()) {
            (Some(Association::Pending | Association::Granted { .. }), _) => Self::Pending,
            (Some(Association::Official { .. }), _) => Self::Official,
            (Some(Association::Ended { .. }), _) => Self::Ended,
            (None, Some(rejection)) if rejection.ended_association.is_some() => Self::Ended,
            (None, Some(_) | None) => Self::Unspecified,
        }
    }
}
