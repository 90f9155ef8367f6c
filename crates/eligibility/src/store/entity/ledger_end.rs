//! The table `ledger_end`: the number of the last earning of the ledger, in one row.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ledger_end")]
pub(crate) struct Model {
    /// Always `*`, because the table has one row.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: String,
    /// The sequence number of the last earning of the ledger.
    pub(crate) last: i64,
}

impl ActiveModelBehavior for ActiveModel {}
