//! The table `review_case`: one row per review case.
use cpor_durable::rows::Micros;
use sea_orm::entity::prelude::*;

/// A review case. The data that queries filter by is in columns, the rest in JSON documents.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "review_case")]
pub struct Model {
    /// The id of the tenant that owns the row.
    #[sea_orm(primary_key, auto_increment = false)]
    pub owner: String,
    /// The id of the case.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The version of the case.
    pub version: i64,
    /// The phase of the case, for example `under_review`.
    pub state: String,
    /// The subject of the assigned reviewer.
    pub reviewer: Option<String>,
    /// The resource name of the claim: `partners/{partner}/claims/{claim}`.
    pub claim: String,
    /// The due time of the most urgent clock, by which the queue is sorted. The maximum value if no
    /// clock is running or passed.
    pub queue_time: Micros,
    /// Whether at least one clock has passed.
    pub overdue: bool,
    /// The snapshot of the claim, as a JSON document.
    #[sea_orm(column_type = "JsonBinary")]
    pub snapshot: Json,
    /// The remaining data of the case, such as its kind, state, clocks and competition, as a JSON
    /// document.
    #[sea_orm(column_type = "JsonBinary")]
    pub body: Json,
    /// The time at which the case was opened.
    pub create_time: Micros,
    /// The time of the last change.
    pub update_time: Micros,
    /// The time at which the case was approved, rejected or closed.
    pub close_time: Option<Micros>,
}

impl ActiveModelBehavior for ActiveModel {}
