//! The latest result of each claim and month.
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "assessment_month")]
pub(crate) struct Model {
    /// The id of the tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: String,
    /// The id of the claim.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    /// The month, as `YYYY-MM`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) month: String,
    /// The monthly result as JSON.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) answer: Json,
}

impl ActiveModelBehavior for ActiveModel {}
