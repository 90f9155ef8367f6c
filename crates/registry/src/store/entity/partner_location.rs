//! The table `partner_location`: ensures that a Microsoft Partner Network (MPN) id belongs to at
//! most one partner, because `mpn_id` is unique.
use cpor_durable::ids::PartnerId;
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "partner_location")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) partner: PartnerId,
    /// The MPN id of the location, which no other row has.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) mpn_id: String,
    /// The partner, which is saved before its locations and never deleted.
    #[sea_orm(belongs_to, from = "partner", to = "owner", on_delete = "Restrict")]
    pub(crate) parent: BelongsTo<super::partner::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
