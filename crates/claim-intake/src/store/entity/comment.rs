//! The table `comment`: the comments on claims.

use cpor_durable::ids::{ClaimId, CommentId, EvidenceId, LineId, PartnerId};
use sea_orm::entity::prelude::*;

use super::side::Side;

/// A row of the table `comment`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "comment")]
pub(crate) struct Model {
    /// The id of the partner that owns the claim.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: PartnerId,
    /// The id of the claim.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) claim_id: ClaimId,
    /// The position of the history entry that recorded the comment.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) position: i64,
    /// The id of the comment.
    pub(crate) id: CommentId,
    /// The side of the author.
    pub(crate) side: Side,
    /// The time at which the comment was written, by the business clock: the clock that deadlines
    /// and histories use, which can be virtual.
    pub(crate) create_time: DateTimeUtc,
    /// The text; empty after an erasure.
    pub(crate) text: String,
    /// The document that the comment is about, if any.
    pub(crate) evidence_id: Option<EvidenceId>,
    /// The id of the line (the claimed workload or subscription) that the comment is about, if any.
    /// There is no table of all lines: they are in the content of the claim.
    pub(crate) line_id: Option<LineId>,
    /// The claim of the comment. It is saved before its comments, and never deleted.
    #[sea_orm(belongs_to, from = "(owner, claim_id)", to = "(owner, id)", on_delete = "Restrict")]
    pub(crate) claim: BelongsTo<super::claim::Entity>,
    /// The document that the comment is about. It was on the claim when the comment was made, and
    /// rows of documents are never deleted.
    #[sea_orm(
        belongs_to,
        from = "(owner, claim_id, evidence_id)",
        to = "(owner, claim_id, id)",
        on_delete = "Restrict"
    )]
    pub(crate) evidence: BelongsTo<Option<super::evidence::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}
