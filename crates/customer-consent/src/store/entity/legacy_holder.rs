//! The table `legacy_holder`: one row for each holder of a legacy association to which a mail was
//! queued (R58a). A legacy association puts a company, its *holder*, on record for a customer's
//! subscription. It was recorded before claims existed, so it has no claim and no consent.

use cpor_durable::ids::TenantId;
use sea_orm::FromJsonQueryResult;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::domain::LegacyHolder;

/// A row of the table `legacy_holder`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "legacy_holder")]
pub(crate) struct Model {
    /// The tenant of the association.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: TenantId,
    /// The id under which the registry records the import of the association.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    /// The version of the holder, which grows by one with every change.
    pub(crate) version: i64,
    /// The holder itself.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) body: HolderBody,
    /// The time of the last change, by the business clock.
    pub(crate) update_time: DateTimeUtc,
    /// The links in the mails to the holder.
    #[sea_orm(has_many)]
    pub(crate) links: HasMany<super::holder_link::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// The JSON column of a holder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, FromJsonQueryResult)]
pub(crate) struct HolderBody(pub(crate) LegacyHolder);
