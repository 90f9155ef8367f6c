//! The table `payout`: the recorded payouts.

use cpor_durable::ids::{PayoutId, PayoutPeriodId};
use sea_orm::entity::prelude::*;

use super::bodies::PayoutBody;

/// A row of the table `payout`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "payout")]
pub(crate) struct Model {
    /// The payout period, as `YYYY-Qn`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: PayoutPeriodId,
    /// The id of the payout.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: PayoutId,
    /// The version of the aggregate; every change adds 1.
    pub(crate) version: i64,
    /// The complete payout.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) state: PayoutBody,
    /// The earnings that the payout paid.
    #[sea_orm(has_many)]
    pub(crate) earnings: HasMany<super::earning::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
