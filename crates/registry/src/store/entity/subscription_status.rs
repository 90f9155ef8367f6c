//! The values of the column with a subscription's status.
use sea_orm::{DeriveActiveEnum, EnumIter};

/// The status of a subscription as it is stored. The stored values (`string_value`) must not
/// change: existing rows and the migration of the table contain them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub(crate) enum SubscriptionStatus {
    #[sea_orm(string_value = "active")]
    Active,
    #[sea_orm(string_value = "in_grace")]
    InGrace,
    #[sea_orm(string_value = "expired")]
    Expired,
    #[sea_orm(string_value = "not_provisioned")]
    NotProvisioned,
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
