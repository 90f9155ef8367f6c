//! The table `partner_location`: keeps every MPN id to one partner, because `mpn_id` is unique.
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "partner_location")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) partner: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) mpn_id: String,
}

impl ActiveModelBehavior for ActiveModel {}
