//! The ledger (R54). Rows are inserted and never deleted. Only a payout updates a row, in its last
//! four columns.
use cpor_durable::rows::Micros;
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "earning")]
pub(crate) struct Model {
    /// The id of the tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: String,
    /// The id of the earning.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    /// The partner of the claim. This column and the next ones up to `amount_micros` are copies
    /// from `line`, for indexes and filters.
    pub(crate) partner: String,
    pub(crate) claim: Uuid,
    /// The key, as `workloads/{product}` or `subscriptions/{uuid}`.
    pub(crate) key: String,
    /// The month that is paid for, as `YYYY-MM`.
    pub(crate) month: String,
    /// The calendar quarter in which the earning was recorded, as `YYYY-Qn`.
    pub(crate) payout_period: String,
    /// When the earning was recorded.
    pub(crate) accrue_time: Micros,
    /// The number of the earning within its claim, from 1.
    pub(crate) number: i64,
    /// The currency of `amount_micros`; null if the earning has no amount.
    pub(crate) currency: Option<String>,
    /// The amount of the earning in millionths of the currency.
    pub(crate) amount_micros: Option<i64>,
    /// The complete earning as JSON.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) line: Json,
    /// The status: `nothing_due`, `accrued` or `paid`.
    pub(crate) status: String,
    /// The payout that paid the earning. The next two columns are copies from the payout.
    pub(crate) payout: Option<Uuid>,
    pub(crate) reference: Option<String>,
    pub(crate) pay_time: Option<Micros>,
}

impl ActiveModelBehavior for ActiveModel {}
