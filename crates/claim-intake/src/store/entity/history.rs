//! The table `history`: one row for each history entry of a claim (R56). Rows are never deleted. A
//! *commitment* is the salted hash of one part of an entry; an erasure removes texts and salts,
//! never commitments. The *link* of an entry is the hash of the history up to it.

use cpor_durable::ids::{ClaimId, PartnerId, TenantId};
use sea_orm::entity::prelude::*;

use super::{claim_state::ClaimState, entry_audience::EntryAudience, json::Changes, side::Side};

/// A row of the table `history`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "history")]
pub(crate) struct Model {
    /// The id of the partner that owns the claim.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: PartnerId,
    /// The id of the claim.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) claim_id: ClaimId,
    /// The position of the entry in the history: from 1, without gaps.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) position: i64,
    /// The name of the action, for example `submitted`.
    pub(crate) action: String,
    /// The side of the actor.
    pub(crate) side: Side,
    /// The id of the person or service that acted.
    pub(crate) subject: String,
    /// The time from which the action counts.
    pub(crate) effective_time: DateTimeUtc,
    /// The time at which the entry was recorded.
    pub(crate) record_time: DateTimeUtc,
    /// The state of the claim before the action; `None` for the first entry.
    pub(crate) from_state: Option<ClaimState>,
    /// The state of the claim after the action.
    pub(crate) to_state: ClaimState,
    /// The changed fields.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) changes: Changes,
    /// The reason or text that came with the action; may be empty.
    pub(crate) reason: String,
    /// Whether the entry is about a report of another service that came too late to change
    /// anything.
    pub(crate) overtaken: bool,
    /// The sides that may see the entry.
    pub(crate) audience: EntryAudience,
    /// The 32 bytes from which the salts of the parts are derived. After an erasure: the salts of
    /// the parts and changes, 32 bytes each, with zeros for what was erased.
    pub(crate) salt: Vec<u8>,
    /// The commitments of the four parts and of each change: 32 bytes each.
    pub(crate) commitments: Vec<u8>,
    /// The link of this entry: 32 bytes.
    pub(crate) link: Vec<u8>,
    /// The sequence number of the entry in the change log of its owner, which contains the entries
    /// of all claims of the partner: from 1, without gaps, in the order of commits.
    pub(crate) owner_sequence: i64,
    /// The tenant of the claim; `None` for the entries from before the submission.
    pub(crate) tenant: Option<TenantId>,
    /// The sequence number of the entry in the change log of all claims from submission on: without
    /// gaps, in the order of commits. `None` for the entries from before the submission.
    pub(crate) sequence: Option<i64>,
    /// The claim of the entry. It is saved before its entries, and never deleted.
    #[sea_orm(belongs_to, from = "(owner, claim_id)", to = "(owner, id)", on_delete = "Restrict")]
    pub(crate) claim: BelongsTo<super::claim::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
