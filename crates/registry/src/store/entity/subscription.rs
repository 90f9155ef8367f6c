//! The table `subscription`: the subscriptions of tenants.
use cpor_durable::rows::Micros;
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "subscription")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) product: String,
    pub(crate) status: String,
    pub(crate) channel: String,
    pub(crate) purchase_time: Micros,
    pub(crate) end_time: Option<Micros>,
    /// The end of the grace period.
    pub(crate) expire_time: Option<Micros>,
}

impl ActiveModelBehavior for ActiveModel {}
