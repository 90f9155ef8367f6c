//! The table `review_case`: one row per review case.
use super::{case_body::CaseBody, case_snapshot::CaseSnapshot, case_state::CaseState};
use cpor_durable::ids::{CaseId, TenantId};
use sea_orm::entity::prelude::*;

/// A review case. The data that queries filter by is in columns, the rest in JSON documents.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "review_case")]
pub(crate) struct Model {
    /// The id of the tenant that owns the row.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: CaseId,
    /// The version of the case, which grows by one with every change.
    pub(crate) version: i64,
    /// The phase of the state in `body`, for filters.
    pub(crate) state: CaseState,
    /// The subject (user id) of the assigned reviewer. NULL if the case is not assigned.
    pub(crate) reviewer: Option<String>,
    /// The resource name of the claim: `partners/{partner}/claims/{claim}`.
    pub(crate) claim: String,
    /// The earliest due time of the case, by which the queue is sorted. The latest storable time if
    /// the case has no due time.
    pub(crate) due_time: DateTimeUtc,
    /// Whether at least one deadline of the review has passed.
    pub(crate) overdue: bool,
    /// The snapshot of the claim.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) snapshot: CaseSnapshot,
    /// The remaining data of the case, such as its kind, state, clocks and competition.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) body: CaseBody,
    /// The time at which the case was opened.
    pub(crate) create_time: DateTimeUtc,
    /// The time of the last change.
    pub(crate) update_time: DateTimeUtc,
    /// The time at which the case was approved, rejected or closed. NULL while it is open.
    pub(crate) close_time: Option<DateTimeUtc>,
    /// The keys (workloads or subscriptions) that the case competes for.
    #[sea_orm(has_many)]
    pub(crate) keys: HasMany<super::case_key::Entity>,
    /// The requests to check the competition of the case.
    #[sea_orm(has_one)]
    pub(crate) check: HasOne<super::competition_check::Entity>,
    /// The notes on the case.
    #[sea_orm(has_many)]
    pub(crate) notes: HasMany<super::review_note::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
