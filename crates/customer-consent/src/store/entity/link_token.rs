//! The table `link_token`: one row for each consent link that was mailed.

use cpor_durable::ids::{ClaimId, NoticeId, TenantId};
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
    pub(crate) tenant: TenantId,
    /// The id of the claim, which also identifies the consent.
    pub(crate) claim: ClaimId,
    /// The id of the notice (mail) that contains the link. Notices are stored in the body of the
    /// consent, not in rows of their own.
    pub(crate) notice: NoticeId,
    /// The real time at which the link was created.
    pub(crate) create_time: DateTimeUtc,
    /// The real time at which the link expires.
    pub(crate) expire_time: DateTimeUtc,
    /// The consent that the link belongs to. It is saved before its notices are sent, and never
    /// deleted.
    #[sea_orm(belongs_to, from = "(tenant, claim)", to = "(owner, id)", on_delete = "Restrict")]
    pub(crate) consent: BelongsTo<super::consent::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
