//! Approvals that wait for their hold. The row comes and goes with the state `approving`, in the same transaction.
use cpor_durable::rows::Micros;
use sea_orm::entity::prelude::*;

/// One case that is being approved.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "pending_approval")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub owner: String,
    /// The case.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The decision to place the hold under.
    pub decision_id: Uuid,
    /// In real time: when whoever works on it is taken to have failed, and somebody else goes on.
    pub resume_time: Micros,
    /// Failed attempts so far.
    pub attempts: i64,
}

impl ActiveModelBehavior for ActiveModel {}
