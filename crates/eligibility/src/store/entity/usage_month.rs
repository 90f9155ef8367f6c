//! The table `usage_month`: the current usage of each workload or subscription and month (R51).

use cpor_durable::ids::TenantId;
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "usage_month")]
pub(crate) struct Model {
    /// The id of the tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: TenantId,
    /// The workload or subscription, as `workloads/{product}` or `subscriptions/{uuid}`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) key: String,
    /// The month, as `YYYY-MM`. The order of the texts is the order of the months.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) month: String,
    /// 1 for the first import of the month; every replacement adds 1.
    pub(crate) revision: i64,
    /// Null for subscriptions.
    pub(crate) active_users: Option<i64>,
    /// Null for subscriptions.
    pub(crate) paid_available_units: Option<i64>,
    /// Null for workloads.
    pub(crate) seats_sold: Option<i64>,
    /// The consumption in units of the product. Null for workloads.
    pub(crate) consumption: Option<i64>,
    /// The time at which this revision was imported.
    pub(crate) import_time: DateTimeUtc,
    /// Whether at least one assessment has not been made with this usage yet.
    pub(crate) pending: bool,
    /// The earlier revisions.
    #[sea_orm(has_many)]
    pub(crate) replaced: HasMany<super::usage_replaced::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
