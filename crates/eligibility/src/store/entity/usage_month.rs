//! Usage of a workload or subscription in one month, as imported last (R51).
use cpor_durable::rows::Micros;
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "usage_month")]
pub(crate) struct Model {
    /// The tenant's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: String,
    /// `workloads/{product}` or `subscriptions/{uuid}`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) key: String,
    /// `YYYY-MM`, whose order is that of time.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) month: String,
    /// 1 when first imported, one more with every replacement.
    pub(crate) revision: i64,
    /// Workloads only, as the next.
    pub(crate) active_users: Option<i64>,
    pub(crate) paid_available_units: Option<i64>,
    /// Subscriptions only, as the next.
    pub(crate) seats_sold: Option<i64>,
    pub(crate) consumption: Option<i64>,
    pub(crate) import_time: Micros,
    /// The assessments that look at this key have not been made with it yet.
    pub(crate) unseen: bool,
}

impl ActiveModelBehavior for ActiveModel {}
