//! The table `partner`: one row for each partner company.
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "partner")]
pub(crate) struct Model {
    /// The partner's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: String,
    /// Always the nil UUID: a partner owns only this one aggregate.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    /// The number of changes of the row.
    pub(crate) version: i64,
    pub(crate) display_name: String,
    /// The locations by MPN id. The table `partner_location` keeps an MPN id to one partner.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) locations: Json,
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) enrollments: Json,
}

impl ActiveModelBehavior for ActiveModel {}
