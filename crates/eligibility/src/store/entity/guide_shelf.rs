//! The catalog of all program guides, in one row.
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "guide_shelf")]
pub(crate) struct Model {
    /// The constant `programGuides`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: String,
    /// The nil UUID.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    /// The version of the aggregate; every change adds 1.
    pub(crate) version: i64,
    /// The complete catalog as JSON.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) state: Json,
}

impl ActiveModelBehavior for ActiveModel {}
