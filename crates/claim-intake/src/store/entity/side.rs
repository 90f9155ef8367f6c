//! The columns with the side of an actor.

use cpor_types::ActorSide;
use sea_orm::{DeriveActiveEnum, EnumIter};

/// The side of an actor as it is stored. The names must not change. The migrations of the tables
/// list them too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub(crate) enum Side {
    /// The stored form of [`ActorSide::Partner`].
    #[sea_orm(string_value = "partner")]
    Partner,
    /// The stored form of [`ActorSide::Reviewer`].
    #[sea_orm(string_value = "reviewer")]
    Reviewer,
    /// The stored form of [`ActorSide::Vendor`].
    #[sea_orm(string_value = "vendor")]
    Vendor,
    /// The stored form of [`ActorSide::Customer`].
    #[sea_orm(string_value = "customer")]
    Customer,
    /// The stored form of [`ActorSide::Time`].
    #[sea_orm(string_value = "time")]
    Time,
    /// The stored form of [`ActorSide::System`].
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
