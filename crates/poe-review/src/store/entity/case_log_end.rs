//! The table `case_log_end`: the last sequence number in the table `case_log`.
//!
//! It has one row, whose key is a text, as the counters of `cpor_durable::rows` need it.
use sea_orm::entity::prelude::*;

/// The end of the log.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "case_log_end")]
pub(crate) struct Model {
    /// Always `*`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: String,
    /// The sequence number of the last change.
    pub(crate) last: i64,
}

impl ActiveModelBehavior for ActiveModel {}
