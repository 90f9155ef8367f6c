//! A claim: one row, with its value objects as JSON.
use cpor_durable::rows::Micros;
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "claim")]
pub(crate) struct Model {
    /// The partner's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) version: i64,
    /// `StateKind`, for lists; `status` has it with its data.
    pub(crate) state: String,
    pub(crate) create_time: Micros,
    pub(crate) update_time: Micros,
    /// Position of the last entry in the history.
    pub(crate) history: i64,
    /// The link of that entry (R56).
    pub(crate) head: Vec<u8>,
    pub(crate) content: Json,
    pub(crate) directory: Json,
    pub(crate) evidence: Json,
    pub(crate) lost_lines: Json,
    pub(crate) status: Json,
}

impl ActiveModelBehavior for ActiveModel {}
