//! The table `payout`: the statements of payments to partners (R54a).

use cpor_durable::ids::{PartnerId, PayoutId, PayoutPeriodId};
use sea_orm::entity::prelude::*;

use super::{bodies::PayoutBody, payout_state::PayoutState};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "payout")]
pub(crate) struct Model {
    /// The id of the partner.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: PartnerId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: PayoutId,
    /// The number of changes of the payout so far. Its etag is derived from it.
    pub(crate) version: i64,
    /// The MPN (Microsoft Partner Network) id of the location that is paid. This column and the
    /// next ones up to `create_time` are copies from `body`, for indexes and filters.
    pub(crate) mpn_id: String,
    pub(crate) currency: String,
    /// The payout period, as `YYYY-Qn`.
    pub(crate) period: PayoutPeriodId,
    pub(crate) state: PayoutState,
    /// The reference of the payment in the paying system; null until it is known.
    pub(crate) reference: Option<String>,
    /// The expected date of the payment, as `YYYY-MM-DD`.
    pub(crate) estimated_date: String,
    /// The date on which the payment was sent, as `YYYY-MM-DD`; null until then.
    pub(crate) actual_date: Option<String>,
    pub(crate) create_time: DateTimeUtc,
    /// The sum of the lines, in millionths of the currency.
    pub(crate) amount_micros: i64,
    pub(crate) line_count: i64,
    /// The complete payout.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) body: PayoutBody,
    /// The earnings that the payout contains now; none after it was reversed.
    #[sea_orm(has_many)]
    pub(crate) earnings: HasMany<super::earning::Entity>,
    /// The earnings that the payout contains, or contained before it was reversed.
    #[sea_orm(has_many)]
    pub(crate) lines: HasMany<super::payout_line::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
