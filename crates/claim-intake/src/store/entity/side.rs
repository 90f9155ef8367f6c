//! The values of the columns with the side of an actor: on whose side a change was caused.

use cpor_types::ActorSide;
use sea_orm::{DeriveActiveEnum, EnumIter};

/// The side of an actor as it is stored. The stored strings must not change: existing rows contain
/// them, and a migration lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub(crate) enum Side {
    #[sea_orm(string_value = "partner")]
    Partner,
    #[sea_orm(string_value = "reviewer")]
    Reviewer,
    #[sea_orm(string_value = "vendor")]
    Vendor,
    #[sea_orm(string_value = "customer")]
    Customer,
    #[sea_orm(string_value = "time")]
    Time,
    #[sea_orm(string_value = "system")]
    System,
}

impl From<ActorSide> for Side {
    fn from(value: ActorSide) -> Self {
        match value {
            ActorSide::Partner => Self::Partner,
            ActorSide::Reviewer => Self::Reviewer,
            ActorSide::Vendor => Self::Vendor,
            ActorSide::Customer => Self::Customer,
            ActorSide::Time => Self::Time,
            ActorSide::System => Self::System,
        }
    }
}

impl From<Side> for ActorSide {
    fn from(value: Side) -> Self {
        match value {
            Side::Partner => Self::Partner,
            Side::Reviewer => Self::Reviewer,
            Side::Vendor => Self::Vendor,
            Side::Customer => Self::Customer,
            Side::Time => Self::Time,
            Side::System => Self::System,
        }
    }
}
