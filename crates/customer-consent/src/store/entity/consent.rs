//! The table `consent`: one row for each consent, which is the customer's side of one claim.

use cpor_durable::ids::{ClaimId, PartnerId, TenantId};
use sea_orm::entity::prelude::*;

use super::{consent_body::ConsentBody, consent_state::ConsentState};

/// A row of the table `consent`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "consent")]
pub(crate) struct Model {
    /// The id of the claim's tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: TenantId,
    /// The id of the claim, which also identifies the consent.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: ClaimId,
    /// The version of the consent, which grows by one with every change.
    pub(crate) version: i64,
    /// The kind of the state in `body`, for filters.
    pub(crate) state: ConsentState,
    /// Whether the last notice (a mail to the customer contact) bounced and the consent waits for a
    /// delivery (R41), for filters.
    pub(crate) waiting_for_delivery: bool,
    /// The partner of the claim, for filters.
    pub(crate) partner: PartnerId,
    /// The consent itself.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) body: ConsentBody,
    /// The time at which the claim was first submitted, by the business clock, which deadlines use
    /// and which can be virtual.
    pub(crate) create_time: DateTimeUtc,
    /// The time of the last change, by the same clock.
    pub(crate) update_time: DateTimeUtc,
    /// The links in the notices of the consent.
    #[sea_orm(has_many)]
    pub(crate) links: HasMany<super::link_token::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
