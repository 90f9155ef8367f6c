//! The values of the column with the activity of a live line. A line, which is about one workload
//! or subscription, is live while its claim is open or approved and its association has not ended.

use cpor_types::Activity;
use sea_orm::{DeriveActiveEnum, EnumIter};

/// The activity of a live line as it is stored. The stored names must not change, because the
/// migration that creates the table `claim_line` contains them in a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub(crate) enum LineActivity {
    #[sea_orm(string_value = "usage")]
    Usage,
    #[sea_orm(string_value = "pre_sales")]
    PreSales,
    #[sea_orm(string_value = "revenue_association")]
    RevenueAssociation,
}

impl From<Activity> for LineActivity {
    fn from(value: Activity) -> Self {
        match value {
            Activity::Usage => Self::Usage,
            Activity::PreSales => Self::PreSales,
            Activity::RevenueAssociation => Self::RevenueAssociation,
        }
    }
}

impl From<LineActivity> for Activity {
    fn from(value: LineActivity) -> Self {
        match value {
            LineActivity::Usage => Self::Usage,
            LineActivity::PreSales => Self::PreSales,
            LineActivity::RevenueAssociation => Self::RevenueAssociation,
        }
    }
}
