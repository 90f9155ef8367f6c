//! The table `history_root`: one row for each root, a signed hash of the last history entries (the
//! *leaves*) of all claims that changed since the root before it (R56). Rows are never changed or
//! deleted.

use sea_orm::entity::prelude::*;

/// A row of the table `history_root`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "history_root")]
pub(crate) struct Model {
    /// The number of the root: from 1, without gaps.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) number: i64,
    /// The last day that the root covers, such as `2026-03-06`.
    pub(crate) day: String,
    /// The number of leaves.
    pub(crate) leaves: i64,
    /// The hash of the root before: 32 bytes.
    pub(crate) previous: Vec<u8>,
    /// The hash of the root: 32 bytes.
    pub(crate) root: Vec<u8>,
    /// The business time at which the root was issued.
    pub(crate) issue_time: DateTimeUtc,
    /// The signature, a compact JWS.
    pub(crate) signature: String,
    /// The leaves of the root.
    #[sea_orm(has_many)]
    pub(crate) leaf_rows: HasMany<super::history_root_leaf::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
