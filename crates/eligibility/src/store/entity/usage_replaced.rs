//! Usage that a later import replaced (R51). Rows are inserted and never changed. The columns have
//! the meaning that they have in `usage_month`.
use cpor_durable::rows::Micros;
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "usage_replaced")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: String,
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
    pub(crate) import_time: Micros,
    /// When a later import replaced this revision.
    pub(crate) replace_time: Micros,
}

impl ActiveModelBehavior for ActiveModel {}
