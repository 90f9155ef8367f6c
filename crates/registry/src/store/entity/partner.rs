//! A partner company.
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "partner")]
pub(crate) struct Model {
    /// The partner's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: String,
    /// Nil: a partner is the only aggregate of its kind that it owns.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) version: i64,
    pub(crate) display_name: String,
    /// By MPN id; `partner_location` keeps each to one partner.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) locations: Json,
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) enrolments: Json,
}

impl ActiveModelBehavior for ActiveModel {}
