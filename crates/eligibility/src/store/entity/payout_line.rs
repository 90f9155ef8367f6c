//! The table `payout_line`: the earnings that payouts contain, or contained before they were
//! reversed. Rows are inserted with their payout, and never changed or deleted.

use cpor_durable::ids::{EarningId, PartnerId, PayoutId, TenantId};
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "payout_line")]
pub(crate) struct Model {
    /// The id of the partner.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: PartnerId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) payout: PayoutId,
    /// The tenant of the earning. With `earning`, it is the primary key of the earning.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) earning: EarningId,
    /// The payout, which is saved before its lines (the earnings that it pays).
    #[sea_orm(belongs_to, from = "(owner, payout)", to = "(owner, id)", on_delete = "Restrict")]
    pub(crate) of_payout: BelongsTo<super::payout::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
