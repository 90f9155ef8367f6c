//! The table `assessment_month`: the latest result of each claim and month.

use cpor_durable::ids::{ClaimId, TenantId};
use sea_orm::entity::prelude::*;

use super::bodies::MonthlyResultBody;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "assessment_month")]
pub(crate) struct Model {
    /// The id of the tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: TenantId,
    /// The id of the claim.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: ClaimId,
    /// The month, as `YYYY-MM`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) month: String,
    /// The result for the month: one verdict and amount for each activity of each line (claimed
    /// workload or subscription).
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) body: MonthlyResultBody,
    /// The assessment, which is saved before its results and never deleted.
    #[sea_orm(belongs_to, from = "(owner, id)", to = "(owner, id)", on_delete = "Restrict")]
    pub(crate) assessment: BelongsTo<super::assessment::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
