//! The column of an association's activity.
use sea_orm::{DeriveActiveEnum, EnumIter};

/// The activity of an association as it is stored. The names must not change. The
/// migration of the table lists them too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub(crate) enum Activity {
    /// The stored form of [`cpor_types::Activity::Usage`].
    #[sea_orm(string_value = "usage")]
    Usage,
    /// The stored form of [`cpor_types::Activity::PreSales`].
    #[sea_orm(string_value = "pre_sales")]
    PreSales,
    /// The stored form of [`cpor_types::Activity::RevenueAssociation`].
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
