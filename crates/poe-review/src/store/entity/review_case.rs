//! One row per case.
use cpor_durable::rows::Micros;
use sea_orm::entity::prelude::*;

/// A case: what is searched for in columns, the rest as documents.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "review_case")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub owner: String,
    /// The case.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The aggregate's version.
    pub version: i64,
    /// The word of the state.
    pub state: String,
    /// The reviewer's subject.
    pub reviewer: Option<String>,
    /// `partners/{partner}/claims/{claim}`.
    pub claim: String,
    /// When its most urgent clock passes or has passed; far away when none runs.
    pub queue_time: Micros,
    /// Whether one of its clocks has passed.
    pub overdue: bool,
    /// The claim as last submitted.
    #[sea_orm(column_type = "JsonBinary")]
    pub snapshot: Json,
    /// Kind, state, clocks, contest, round and refusals.
    #[sea_orm(column_type = "JsonBinary")]
    pub body: Json,
    /// When it was opened.
    pub create_time: Micros,
    /// When it last changed.
    pub update_time: Micros,
    /// When it was decided or closed.
    pub close_time: Option<Micros>,
}

impl ActiveModelBehavior for ActiveModel {}
