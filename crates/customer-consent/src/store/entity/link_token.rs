//! The table `link_token`: one row for each consent link that was mailed.

use cpor_durable::Micros;
use sea_orm::entity::prelude::*;

/// A row of the table `link_token`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "link_token")]
pub(crate) struct Model {
    /// The SHA-256 of the token. The token itself is not stored.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) hash: Vec<u8>,
    /// The id of the claim's tenant.
    pub(crate) tenant: String,
    /// The id of the claim.
    pub(crate) claim: Uuid,
    /// The id of the notice whose mail has the link.
    pub(crate) notice: Uuid,
    /// The real time at which the link was created.
    pub(crate) create_time: Micros,
    /// The real time at which the link expires.
    pub(crate) expire_time: Micros,
}

impl ActiveModelBehavior for ActiveModel {}
