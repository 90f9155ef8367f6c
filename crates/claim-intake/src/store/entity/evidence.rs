//! The table `evidence`: one row for each document, from the start of its upload on. Rows are never
//! deleted.

use cpor_durable::ids::{ClaimId, EvidenceId, PartnerId};
use sea_orm::entity::prelude::*;

use super::{document_state::DocumentState, json::DocumentBody};

/// A row of the table `evidence`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "evidence")]
pub(crate) struct Model {
    /// The id of the partner that owns the claim.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: PartnerId,
    /// The id of the claim.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) claim_id: ClaimId,
    /// The id of the document.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: EvidenceId,
    /// The state of the document or of its upload.
    pub(crate) state: DocumentState,
    /// The start of the upload, by the machine's clock (real time) and not by the business clock,
    /// which deadlines use and which can be virtual. An upload that is not completed within a day
    /// is removed.
    pub(crate) start_time: DateTimeUtc,
    /// The number of bytes that count for the quota of the partner: the maximum size of a document
    /// until the document is stored, and then its size.
    pub(crate) reserved_bytes: i64,
    /// The id of the key with which `data_key` is encrypted: one of the keys in the file of the
    /// setting `evidence_keys_file`.
    pub(crate) key_id: String,
    /// The key with which the document's bytes are encrypted, in encrypted form.
    pub(crate) data_key: Vec<u8>,
    /// The position of the history entry that added the document to the claim. `None` until the
    /// document is added.
    pub(crate) position: Option<i64>,
    /// The document's data. `None` until the document is stored. It remains when the document is
    /// removed from the claim.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub(crate) document: Option<DocumentBody>,
    /// The claim of the document. An upload begins only after the claim was read, and claims are
    /// never deleted.
    #[sea_orm(belongs_to, from = "(owner, claim_id)", to = "(owner, id)", on_delete = "Restrict")]
    pub(crate) claim: BelongsTo<super::claim::Entity>,
    /// The comments about the document.
    #[sea_orm(has_many)]
    pub(crate) comments: HasMany<super::comment::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
