//! The assessments, one row for each claim.
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "assessment")]
pub(crate) struct Model {
    /// The id of the tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: String,
    /// The id of the claim.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    /// The version of the aggregate; every change adds 1.
    pub(crate) version: i64,
    /// The partner of the claim. Partners see only their own assessments.
    pub(crate) partner: String,
    /// Whether the claim must be assessed again. A copy from `state`, for the index.
    pub(crate) stale: bool,
    /// The edition of the guide catalog of the last assessment. A copy from `state`, for the index.
    pub(crate) edition: i64,
    /// The complete assessment as JSON.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) state: Json,
}

impl ActiveModelBehavior for ActiveModel {}
