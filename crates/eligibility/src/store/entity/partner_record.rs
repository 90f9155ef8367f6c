//! The partners as the directory last reported them.
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "partner_record")]
pub(crate) struct Model {
    /// The id of the partner.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) partner: String,
    /// The sequence of the event that the record is from. An earlier event never replaces it.
    pub(crate) sequence: i64,
    /// The record as JSON.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) record: Json,
}

impl ActiveModelBehavior for ActiveModel {}
