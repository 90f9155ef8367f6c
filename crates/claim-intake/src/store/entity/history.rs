//! One entry of a claim's history.
use cpor_durable::rows::Micros;
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "history")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) claim_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) position: i64,
    pub(crate) action: String,
    pub(crate) side: String,
    pub(crate) subject: String,
    pub(crate) effective_time: Micros,
    pub(crate) record_time: Micros,
    pub(crate) from_state: Option<String>,
    pub(crate) to_state: String,
    pub(crate) changes: Json,
    pub(crate) reason: String,
    pub(crate) overtaken: bool,
    /// `Audience`.
    pub(crate) audience: String,
    /// What the salts of its parts follow from: 32 bytes; where something was erased, the salts themselves.
    pub(crate) salt: Vec<u8>,
    /// Of its four parts and of each change, 32 bytes each.
    pub(crate) commitments: Vec<u8>,
    /// Of the chain up to here: 32 bytes.
    pub(crate) link: Vec<u8>,
    /// Its place in the owner's log: from 1, without gaps, in the order of commits.
    pub(crate) owner_sequence: i64,
}

impl ActiveModelBehavior for ActiveModel {}
