//! The table `arbitration`: one row per arbitration of contested keys (R37).
use super::arbitration_body::ArbitrationBody;
use cpor_durable::ids::{DecisionId, TenantId};
use sea_orm::entity::prelude::*;

/// An arbitration: the decision of a review lead on contested keys.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "arbitration")]
pub(crate) struct Model {
    /// The id of the tenant that owns the row.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: TenantId,
    /// The decision id of the arbitration.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: DecisionId,
    /// The version of the arbitration.
    pub(crate) version: i64,
    /// The awards, the comment, the lead and the state.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) body: ArbitrationBody,
    /// The time of the lead's decision.
    pub(crate) create_time: DateTimeUtc,
    /// The keys that the arbitration has reserved. It has none when it has ended.
    #[sea_orm(has_many)]
    pub(crate) keys: HasMany<super::arbitrated_key::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
