//! The table `subscription`: the subscriptions of tenants.
use cpor_durable::ids::{SubscriptionId, TenantUuid};
use sea_orm::entity::prelude::*;

use super::purchase_channel::PurchaseChannel;
use super::subscription_status::SubscriptionStatus;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "subscription")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant: TenantUuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: SubscriptionId,
    /// The id of the product. The catalog is configuration, not a table.
    pub(crate) product: String,
    pub(crate) status: SubscriptionStatus,
    pub(crate) channel: PurchaseChannel,
    pub(crate) purchase_time: DateTimeUtc,
    pub(crate) end_time: Option<DateTimeUtc>,
    /// The end of the grace period, in which the subscription still counts as active.
    pub(crate) expire_time: Option<DateTimeUtc>,
    /// The tenant, which is saved before its subscriptions and never deleted.
    #[sea_orm(belongs_to, from = "tenant", to = "id", on_delete = "Restrict")]
    pub(crate) parent: BelongsTo<super::tenant::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
