//! The ledger (R54). Rows are only ever added; payment alone changes them, in the last four columns.
use cpor_durable::rows::Micros;
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "earning")]
pub(crate) struct Model {
    /// The tenant's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    /// Whose claim it is: partners see their own only. It and the next are copies from the line, to find it by.
    pub(crate) partner: String,
    pub(crate) claim: Uuid,
    /// `workloads/{product}` or `subscriptions/{uuid}`.
    pub(crate) key: String,
    /// `YYYY-MM`.
    pub(crate) month: String,
    /// `YYYY-Qn`.
    pub(crate) payout_period: String,
    pub(crate) accrue_time: Micros,
    /// Among the lines of the claim, from 1.
    pub(crate) number: i64,
    /// With the next, what the line adds; absent where that is nothing.
    pub(crate) currency: Option<String>,
    pub(crate) amount_micros: Option<i64>,
    /// The whole line.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) line: Json,
    /// `nothing_due`, `accrued` or `paid`.
    pub(crate) status: String,
    /// The payout that paid it, which the next two are copies from.
    pub(crate) payout: Option<Uuid>,
    pub(crate) reference: Option<String>,
    pub(crate) pay_time: Option<Micros>,
}

impl ActiveModelBehavior for ActiveModel {}
