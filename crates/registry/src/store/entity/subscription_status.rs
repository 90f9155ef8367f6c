//! The column of a subscription's status.
use sea_orm::{DeriveActiveEnum, EnumIter};

/// The status of a subscription as it is stored. The names must not change. The
/// migration of the table lists them too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub(crate) enum SubscriptionStatus {
    /// The stored form of [`cpor_types::SubscriptionStatus::Active`].
    #[sea_orm(string_value = "active")]
    Active,
    /// The stored form of [`cpor_types::SubscriptionStatus::InGrace`].
    #[sea_orm(string_value = "in_grace")]
    InGrace,
    /// The stored form of [`cpor_types::SubscriptionStatus::Expired`].
    #[sea_orm(string_value = "expired")]
    Expired,
    /// The stored form of [`cpor_types::SubscriptionStatus::NotProvisioned`].
    #[sea_orm(string_value = "not_provisioned")]
    NotProvisioned,
    /// The stored form of [`cpor_types::SubscriptionStatus::Suspended`].
    #[sea_orm(string_value = "suspended")]
    Suspended,
}

impl From<cpor_types::SubscriptionStatus> for SubscriptionStatus {
    fn from(value: cpor_types::SubscriptionStatus) -> Self {
        match value {
            cpor_types::SubscriptionStatus::Active => Self::Active,
            cpor_types::SubscriptionStatus::InGrace => Self::InGrace,
            cpor_types::SubscriptionStatus::Expired => Self::Expired,
            cpor_types::SubscriptionStatus::NotProvisioned => Self::NotProvisioned,
            cpor_types::SubscriptionStatus::Suspended => Self::Suspended,
        }
    }
}

impl From<SubscriptionStatus> for cpor_types::SubscriptionStatus {
    fn from(value: SubscriptionStatus) -> Self {
        match value {
            SubscriptionStatus::Active => Self::Active,
            SubscriptionStatus::InGrace => Self::InGrace,
            SubscriptionStatus::Expired => Self::Expired,
            SubscriptionStatus::NotProvisioned => Self::NotProvisioned,
            SubscriptionStatus::Suspended => Self::Suspended,
        }
    }
}
