//! Approvals and arbitrations that wait for the registry. The row comes and goes with the state that does, in the same
//! transaction.
use cpor_durable::rows::Micros;
use sea_orm::entity::prelude::*;

/// One case that is being approved, or one arbitration under way.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "pending_approval")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub owner: String,
    /// The case, or the arbitration.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// `approval` or `arbitration`.
    pub work: String,
    /// The decision that the registry is asked under.
    pub decision_id: Uuid,
    /// In real time: when whoever works on it is taken to have failed, and somebody else goes on.
    pub resume_time: Micros,
    /// Failed attempts so far.
    pub attempts: i64,
}

impl ActiveModelBehavior for ActiveModel {}
