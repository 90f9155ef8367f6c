//! The table `owner_log`: the last sequence number in the log of each owner. The owner is a
//! partner; its log contains the history entries of all its claims in the order of commits.

use cpor_durable::ids::PartnerId;
use sea_orm::entity::prelude::*;

/// A row of the table `owner_log`. The table has no foreign key, because partners are not rows of
/// this service.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "owner_log")]
pub(crate) struct Model {
    /// The id of the partner.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: PartnerId,
    /// The sequence number of the partner's last history entry.
    pub(crate) last: i64,
}

impl ActiveModelBehavior for ActiveModel {}
