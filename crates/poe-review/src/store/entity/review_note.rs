//! The table `review_note`: notes on cases, which only reviewers can read (R55).
use cpor_durable::rows::Micros;
use sea_orm::entity::prelude::*;

/// A note of a reviewer on a case.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "review_note")]
pub struct Model {
    /// The id of the tenant that owns the row.
    #[sea_orm(primary_key, auto_increment = false)]
    pub owner: String,
    /// The id of the case.
    #[sea_orm(primary_key, auto_increment = false)]
    pub case_id: Uuid,
    /// The version of the case that the note created. It orders the notes of a case.
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i64,
    /// The id of the note.
    pub id: Uuid,
    /// The subject of the author. Empty after it was erased (R56).
    pub author: String,
    /// The text of the note. Empty after it was erased (R56).
    pub text: String,
    /// The time at which the note was written.
    pub create_time: Micros,
}

impl ActiveModelBehavior for ActiveModel {}
