//! The table `pending_approval`: approvals and arbitrations that wait for the registry. A row is
//! inserted and deleted in the transaction that changes the state of its case or arbitration.
use cpor_durable::rows::Micros;
use sea_orm::entity::prelude::*;

/// A case that is being approved, or a pending arbitration.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "pending_approval")]
pub struct Model {
    /// The id of the tenant that owns the row.
    #[sea_orm(primary_key, auto_increment = false)]
    pub owner: String,
    /// The id of the case or of the arbitration.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The kind of the decision: `approval` or `arbitration`.
    pub work: String,
    /// The decision id in the request to the registry.
    pub decision_id: Uuid,
    /// The real time at which the lease expires or the delay after a failure ends. Then any process
    /// may continue with the decision.
    pub resume_time: Micros,
    /// The number of attempts that have failed so far.
    pub attempts: i64,
}

impl ActiveModelBehavior for ActiveModel {}
