//! The table `earning`, which is the ledger of the amounts that partners earn (R54). Rows are
//! inserted and never deleted. Only payouts update a row, in its last four columns.

use cpor_durable::ids::{ClaimId, EarningId, PartnerId, PayoutId, PayoutPeriodId, TenantId};
use sea_orm::entity::prelude::*;

use super::{bodies::EarningBody, earning_status::EarningStatus};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "earning")]
pub(crate) struct Model {
    /// The id of the tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: EarningId,
    /// The partner of the claim. This column and the next ones up to `amount_micros` are copies
    /// from `body`, for indexes and filters.
    pub(crate) partner: PartnerId,
    /// The MPN (Microsoft Partner Network) id of the partner's location.
    pub(crate) mpn_id: String,
    pub(crate) claim: ClaimId,
    /// The workload or subscription, as `workloads/{product}` or `subscriptions/{uuid}`.
    pub(crate) key: String,
    /// The month for which the line earns, as `YYYY-MM`.
    pub(crate) month: String,
    /// The calendar quarter in which the earning was recorded, as `YYYY-Qn`.
    pub(crate) payout_period: PayoutPeriodId,
    /// The time at which the earning was recorded.
    pub(crate) accrue_time: DateTimeUtc,
    /// The number of the earning within its claim, from 1.
    pub(crate) number: i64,
    /// The number of the earning in the ledger, from 1, in the order of commits. `WatchEarnings`
    /// streams the earnings in this order.
    #[sea_orm(unique)]
    pub(crate) sequence: i64,
    /// The currency of `amount_micros`; null if the earning has no amount.
    pub(crate) currency: Option<String>,
    /// The amount of the earning in millionths of the currency.
    pub(crate) amount_micros: Option<i64>,
    /// The complete earning.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) body: EarningBody,
    /// Whether the earning has been paid.
    pub(crate) status: EarningStatus,
    /// The payout that contains the earning. Null if there is none, or if it was reversed. The next
    /// two columns are copies from the payout; they are null until the payment is sent.
    pub(crate) payout: Option<PayoutId>,
    /// The reference of the payment in the paying system.
    pub(crate) reference: Option<String>,
    /// The time at which it was recorded that the payment was sent.
    pub(crate) pay_time: Option<DateTimeUtc>,
    /// The assessment that caused the earning. It is saved before its earnings and never deleted.
    #[sea_orm(belongs_to, from = "(owner, claim)", to = "(owner, id)", on_delete = "Restrict")]
    pub(crate) assessment: BelongsTo<super::assessment::Entity>,
    /// The payout that contains the earning. It is saved before its earnings are marked, and never
    /// deleted.
    #[sea_orm(belongs_to, from = "(partner, payout)", to = "(owner, id)", on_delete = "Restrict")]
    pub(crate) paid_by: BelongsTo<Option<super::payout::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}
