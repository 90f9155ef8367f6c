//! The table `deadline`: one row for each kind of deadline that an aggregate (such as a claim) ever
//! had.
//!
//! Business times are readings of the business clock, which can be virtual.
use sea_orm::entity::prelude::*;

use crate::DeadlineState;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "deadline")]
pub(crate) struct Model {
    /// The owner of the aggregate, usually a partner or tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: String,
    /// The kind of the aggregate, for example `claim`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) aggregate: String,
    /// The id of the aggregate within its owner.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    /// The kind of the deadline, for example `subscription_end`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) kind: String,
    /// The business time at which the deadline passes.
    pub(crate) due_time: DateTimeUtc,
    /// The text of the rule by which the due time was calculated, for example `5 business days,
    /// calendar de 2026, tzdata 2026a`.
    pub(crate) rule: String,
    /// The number of times that a deadline of this kind was set.
    pub(crate) generation: i64,
    /// The state of the deadline that was set last.
    pub(crate) state: DeadlineState,
    /// The business time at which that deadline was set.
    pub(crate) armed_time: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
