//! The table `history`: one row per history entry of a claim (R56).
use cpor_durable::rows::Micros;
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "history")]
pub(crate) struct Model {
    /// The id of the partner.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) claim_id: Uuid,
    /// The position of the entry in the history: from 1, without gaps.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) position: i64,
    /// The name of the action, for example `submitted`.
    pub(crate) action: String,
    /// The side of the actor (`ActorSide`).
    pub(crate) side: String,
    /// The id of the person or service that acted.
    pub(crate) subject: String,
    /// The time since which the action counts.
    pub(crate) effective_time: Micros,
    /// The time at which the entry was recorded.
    pub(crate) record_time: Micros,
    pub(crate) from_state: Option<String>,
    pub(crate) to_state: String,
    /// The changed fields (`FieldChange`).
    pub(crate) changes: Json,
    /// The reason or text that came with the action; may be empty.
    pub(crate) reason: String,
    /// Whether the entry is a fact that came too late to change anything.
    pub(crate) overtaken: bool,
    /// The sides that may see the entry (`Audience`).
    pub(crate) audience: String,
    /// The 32 bytes from which the salts of the parts are derived. After an erasure, the salts of
    /// the remaining parts.
    pub(crate) salt: Vec<u8>,
    /// The commitments of the four parts and of each change: 32 bytes each.
    pub(crate) commitments: Vec<u8>,
    /// The chain link of this entry: 32 bytes.
    pub(crate) link: Vec<u8>,
    /// The sequence number of the entry in the log of its owner: from 1, without gaps, in the order
    /// of commits.
    pub(crate) owner_sequence: i64,
}

impl ActiveModelBehavior for ActiveModel {}
