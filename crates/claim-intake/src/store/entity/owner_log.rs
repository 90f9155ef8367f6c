//! The table `owner_log`: the last sequence number of each change log. A *change log* numbers the
//! history entries of many claims in the order of commits.

use cpor_durable::ids::PartnerId;
use sea_orm::entity::prelude::*;

/// A row of the table `owner_log`. The table has no foreign key, because partners are not rows of
/// this service.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "owner_log")]
pub(crate) struct Model {
    /// The id of the partner whose change log it is; `*` for the change log of all claims, which
    /// contains the entries from submission on.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: PartnerId,
    /// The sequence number of the last history entry in the change log.
    pub(crate) last: i64,
}

impl ActiveModelBehavior for ActiveModel {}
