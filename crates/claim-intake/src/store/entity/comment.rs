//! The table `comment`: the comments on claims.
use cpor_durable::rows::Micros;
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "comment")]
pub(crate) struct Model {
    /// The id of the partner.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) claim_id: Uuid,
    /// The position of the history entry that recorded the comment.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) position: i64,
    pub(crate) id: Uuid,
    /// The side of the author (`ActorSide`).
    pub(crate) side: String,
    pub(crate) create_time: Micros,
    /// The text; empty after an erasure.
    pub(crate) text: String,
    /// The document that the comment is about, if any.
    pub(crate) evidence_id: Option<Uuid>,
    /// The line that the comment is about, if any.
    pub(crate) line_id: Option<Uuid>,
}

impl ActiveModelBehavior for ActiveModel {}
