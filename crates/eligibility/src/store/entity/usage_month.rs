//! The table `usage_month`: the current usage of each workload or subscription and month (R51).

use cpor_durable::ids::TenantId;
use sea_orm::entity::prelude::*;

/// A row of the table `usage_month`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "usage_month")]
pub(crate) struct Model {
    /// The id of the tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: TenantId,
    /// The key, as `workloads/{product}` or `subscriptions/{uuid}`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) key: String,
    /// The month, as `YYYY-MM`. The order of the texts is the order of the months.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) month: String,
    /// 1 for the first import of the month; every replacement adds 1.
    pub(crate) revision: i64,
    /// Set for workloads only, like `paid_available_units`.
    pub(crate) active_users: Option<i64>,
    /// See `active_users`.
    pub(crate) paid_available_units: Option<i64>,
    /// Set for subscriptions only, like `consumption`.
    pub(crate) seats_sold: Option<i64>,
    /// See `seats_sold`.
    pub(crate) consumption: Option<i64>,
    /// When this revision was imported.
    pub(crate) import_time: DateTimeUtc,
    /// Whether an assessment that depends on the key still has to be made with this usage.
    pub(crate) unseen: bool,
    /// The earlier revisions.
    #[sea_orm(has_many)]
    pub(crate) replaced: HasMany<super::usage_replaced::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
