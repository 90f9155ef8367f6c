//! The table `pending_decision`: approvals, and arbitrations between competing claims, that wait
//! for the registry. A row is inserted and deleted in the transaction that changes the state of its
//! case or arbitration.
//!
//! It has no foreign key, because its parent is a case or an arbitration.
use super::decision_kind::DecisionKind;
use cpor_durable::ids::{DecisionId, TenantId};
use sea_orm::entity::prelude::*;

/// A case that is being approved, or a pending arbitration.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "pending_decision")]
pub(crate) struct Model {
    /// The id of the tenant that owns the row.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: TenantId,
    /// The id of the case or of the arbitration.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    /// Whether the row is about an approval or an arbitration.
    pub(crate) kind: DecisionKind,
    /// The decision id in the request to the registry.
    pub(crate) decision_id: DecisionId,
    /// The real time at which the lease (the right of one process to work on the decision) expires,
    /// or the delay after a failure ends. Then any process may continue with the decision.
    pub(crate) resume_time: DateTimeUtc,
    /// The number of attempts that have failed so far.
    pub(crate) attempts: i64,
}

impl ActiveModelBehavior for ActiveModel {}
