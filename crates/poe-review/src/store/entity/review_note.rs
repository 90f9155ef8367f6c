//! The table `review_note`: notes on cases, which only reviewers can read (R55).
use cpor_durable::ids::{CaseId, NoteId, TenantId};
use sea_orm::entity::prelude::*;

/// A note of a reviewer on a case.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "review_note")]
pub(crate) struct Model {
    /// The id of the tenant that owns the row.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) case_id: CaseId,
    /// The version of the case that the note created. It orders the notes of a case.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) position: i64,
    /// The id of the note, unique within its case.
    pub(crate) id: NoteId,
    /// The subject (user id) of the author. Empty after it was erased (R56).
    pub(crate) author: String,
    /// The text of the note. Empty after it was erased (R56).
    pub(crate) text: String,
    /// The time at which the note was written.
    pub(crate) create_time: DateTimeUtc,
    /// The case. It is saved before its notes, and never deleted.
    #[sea_orm(belongs_to, from = "(owner, case_id)", to = "(owner, id)", on_delete = "Restrict")]
    pub(crate) case: BelongsTo<super::review_case::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
