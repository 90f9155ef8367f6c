//! The table `inbox`: one row for each incoming stream of which an event was applied. A stream is
//! the ordered sequence of events that one aggregate of another service sends to this service.
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "inbox")]
pub(crate) struct Model {
    /// The owner (usually a partner or tenant) of the sending aggregate.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: String,
    /// The id of the aggregate within its owner.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    /// The name of the service that sends the events.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) source: String,
    /// The kind of the aggregate, for example `claim`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) aggregate: String,
    /// The number, in its stream, of the last event that was applied.
    pub(crate) last_sequence: i64,
}

impl ActiveModelBehavior for ActiveModel {}
