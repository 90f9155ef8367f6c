//! The table `holder_link`: one row for each link that was mailed to the holder of a legacy
//! association, which was recorded before claims existed (R58a).

use cpor_durable::ids::TenantId;
use sea_orm::entity::prelude::*;

/// A row of the table `holder_link`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "holder_link")]
pub(crate) struct Model {
    /// The SHA-256 of the token. The token itself is not stored.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) hash: Vec<u8>,
    /// The tenant of the association.
    pub(crate) tenant: TenantId,
    /// The second part of the holder's primary key.
    pub(crate) holder: Uuid,
    /// The id of the notice (mail) that contains the link.
    pub(crate) notice: Uuid,
    /// The real time at which the link expires.
    pub(crate) expire_time: DateTimeUtc,
    /// The holder. It is saved before its mails are sent, and never deleted.
    #[sea_orm(belongs_to, from = "(tenant, holder)", to = "(owner, id)", on_delete = "Restrict")]
    pub(crate) parent: BelongsTo<super::legacy_holder::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
