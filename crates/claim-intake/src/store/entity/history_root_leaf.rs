//! The table `history_root_leaf`: the leaves of the roots. A leaf is the last history entry of a
//! claim at the time of a root (R56). Rows are never changed or deleted.

use cpor_durable::ids::{ClaimId, PartnerId};
use sea_orm::entity::prelude::*;

/// A row of the table `history_root_leaf`. It has no foreign key to the entry, so that the leaf
/// remains and shows the removal if somebody removes the entry.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "history_root_leaf")]
pub(crate) struct Model {
    /// The id of the partner that owns the claim.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: PartnerId,
    /// The id of the claim.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) claim_id: ClaimId,
    /// The position of the entry in the claim's history.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) position: i64,
    /// The number of the root.
    pub(crate) root: i64,
    /// The link of the entry, which is the hash of the claim's history up to it: 32 bytes.
    pub(crate) link: Vec<u8>,
    /// The sequence number of the entry in the change log of its owner, which contains the entries
    /// of all claims of the partner.
    pub(crate) log_position: i64,
    /// The root. It is saved before its leaves, and never deleted.
    #[sea_orm(belongs_to, from = "root", to = "number", on_delete = "Restrict")]
    pub(crate) of_root: BelongsTo<super::history_root::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
