//! The table `usage_replaced`: usage that a later import replaced (R51). Rows are inserted and
//! never changed. The columns have the meaning that they have in `usage_month`.

use cpor_durable::ids::TenantId;
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "usage_replaced")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) key: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) month: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) revision: i64,
    pub(crate) active_users: Option<i64>,
    pub(crate) paid_available_units: Option<i64>,
    pub(crate) seats_sold: Option<i64>,
    pub(crate) consumption: Option<i64>,
    pub(crate) import_time: DateTimeUtc,
    /// The time at which a later import replaced this revision.
    pub(crate) replace_time: DateTimeUtc,
    /// The current usage of the month. It is saved before the usage that it replaces, and never
    /// deleted.
    #[sea_orm(belongs_to, from = "(owner, key, month)", to = "(owner, key, month)", on_delete = "Restrict")]
    pub(crate) current: BelongsTo<super::usage_month::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
