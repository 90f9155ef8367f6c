//! The last sequence number of each partner's history entries.
use sea_orm::entity::prelude::*;

/// The last sequence number of one partner.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "owner_log")]
pub(crate) struct Model {
    /// The id of the partner.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: String,
    /// The sequence number of the partner's last history entry.
    pub(crate) last: i64,
}

impl ActiveModelBehavior for ActiveModel {}
