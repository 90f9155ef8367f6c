//! The table `arbitration`: one row per arbitration (R37).
use super::arbitration_body::ArbitrationBody;
use cpor_durable::ids::{DecisionId, TenantId};
use sea_orm::entity::prelude::*;

/// An arbitration: the decision of a review lead on contested keys, which are workloads or
/// subscriptions that claims of several companies compete for.
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
    /// The version of the arbitration, which grows by one with every change.
    pub(crate) version: i64,
    /// The awards, the comment, the review lead and the state.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) body: ArbitrationBody,
    /// The time of the review lead's decision.
    pub(crate) create_time: DateTimeUtc,
    /// The keys that the arbitration has reserved. It has none after it has ended.
    #[sea_orm(has_many)]
    pub(crate) keys: HasMany<super::arbitrated_key::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
