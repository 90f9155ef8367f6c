//! A customer; the row that is locked and versioned for all that belongs to it.
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "tenant")]
pub(crate) struct Model {
    /// The tenant's id as text.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) version: i64,
    pub(crate) display_name: String,
    pub(crate) region: String,
    pub(crate) calendar: String,
    /// A list of names; `tenant_domain` keeps each to one tenant.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) domains: Json,
}

impl ActiveModelBehavior for ActiveModel {}
