//! What the directory last told of a partner.
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "partner_record")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) partner: String,
    /// Which event of the partner's stream told it; an earlier one never replaces it.
    pub(crate) sequence: i64,
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) record: Json,
}

impl ActiveModelBehavior for ActiveModel {}
