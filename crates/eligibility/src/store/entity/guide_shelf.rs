//! All program guides, in one row.
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "guide_shelf")]
pub(crate) struct Model {
    /// Always the same.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) version: i64,
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) state: Json,
}

impl ActiveModelBehavior for ActiveModel {}
