//! The table `link_token`: one row for each consent link that was mailed.

use cpor_durable::Micros;
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "link_token")]
pub(crate) struct Model {
    /// The SHA-256 of the token. The token itself is not stored.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) hash: Vec<u8>,
    pub(crate) tenant: String,
    pub(crate) claim: Uuid,
    pub(crate) notice: Uuid,
    /// The real time at which the link was created.
    pub(crate) create_time: Micros,
    pub(crate) expire_time: Micros,
}

impl ActiveModelBehavior for ActiveModel {}
