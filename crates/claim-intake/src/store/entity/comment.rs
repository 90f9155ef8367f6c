//! A comment, at its place in the history.
use cpor_durable::rows::Micros;
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "comment")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) claim_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) position: i64,
    pub(crate) id: Uuid,
    pub(crate) side: String,
    pub(crate) create_time: Micros,
    pub(crate) text: String,
    /// What it is about, if it is about something.
    pub(crate) evidence_id: Option<Uuid>,
    pub(crate) line_id: Option<Uuid>,
}

impl ActiveModelBehavior for ActiveModel {}
