//! The values of the column with an association's activity.
use sea_orm::{DeriveActiveEnum, EnumIter};

/// The activity of an association as it is stored. The stored values (`string_value`) must not
/// change: existing rows and the migration of the table contain them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub(crate) enum Activity {
    #[sea_orm(string_value = "usage")]
    Usage,
    #[sea_orm(string_value = "pre_sales")]
    PreSales,
    #[sea_orm(string_value = "revenue_association")]
    RevenueAssociation,
}

impl From<cpor_types::Activity> for Activity {
    fn from(value: cpor_types::Activity) -> Self {
        match value {
            cpor_types::Activity::Usage => Self::Usage,
            cpor_types::Activity::PreSales => Self::PreSales,
            cpor_types::Activity::RevenueAssociation => Self::RevenueAssociation,
        }
    }
}

impl From<Activity> for cpor_types::Activity {
    fn from(value: Activity) -> Self {
        match value {
            Activity::Usage => Self::Usage,
            Activity::PreSales => Self::PreSales,
            Activity::RevenueAssociation => Self::RevenueAssociation,
        }
    }
}
