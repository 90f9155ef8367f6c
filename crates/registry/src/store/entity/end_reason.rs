//! The values of the column with the reason why an association ended.
use sea_orm::{DeriveActiveEnum, EnumIter};

/// The reason why an association ended, as it is stored. The stored values (`string_value`) must
/// not change: existing rows and the migration of the table contain them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub(crate) enum EndReason {
    /// The customer declined.
    #[sea_orm(string_value = "declined")]
    Declined,
    /// The partner withdrew the claim.
    #[sea_orm(string_value = "withdrawn")]
    Withdrawn,
    /// The subscription or the use of the workload ended.
    #[sea_orm(string_value = "expired")]
    Expired,
    /// The workload or subscription was awarded to another company.
    #[sea_orm(string_value = "superseded")]
    Superseded,
    /// The claim was rejected, or the customer could not be reached.
    #[sea_orm(string_value = "rejected")]
    Rejected,
}

impl From<cpor_types::AssociationEndReason> for EndReason {
    fn from(value: cpor_types::AssociationEndReason) -> Self {
        match value {
            cpor_types::AssociationEndReason::Declined => Self::Declined,
            cpor_types::AssociationEndReason::Withdrawn => Self::Withdrawn,
            cpor_types::AssociationEndReason::Expired => Self::Expired,
            cpor_types::AssociationEndReason::Superseded => Self::Superseded,
            cpor_types::AssociationEndReason::Rejected => Self::Rejected,
        }
    }
}

impl From<EndReason> for cpor_types::AssociationEndReason {
    fn from(value: EndReason) -> Self {
        match value {
            EndReason::Declined => Self::Declined,
            EndReason::Withdrawn => Self::Withdrawn,
            EndReason::Expired => Self::Expired,
            EndReason::Superseded => Self::Superseded,
            EndReason::Rejected => Self::Rejected,
        }
    }
}
