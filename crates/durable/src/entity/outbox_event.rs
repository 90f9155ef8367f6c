//! The table `outbox_event`: one row for each event of an aggregate (such as a claim) that is not
//! yet delivered to another service.
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "outbox_event")]
pub(crate) struct Model {
    /// The owner (usually a partner or tenant) of the sending aggregate.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: String,
    /// The kind of the aggregate, for example `claim`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) aggregate: String,
    /// The id of the aggregate within its owner.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    /// The name of the service that receives the event.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) destination: String,
    /// The number of the event in its stream (the events of one aggregate for one service).
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) sequence: i64,
    /// The encoded message `cpor.events.v1.Event`.
    pub(crate) payload: Vec<u8>,
    /// The time at which the row was inserted, by the machine's clock.
    pub(crate) create_time: DateTimeUtc,
    /// The stream that the event belongs to.
    #[sea_orm(
        belongs_to,
        from = "(owner, aggregate, id, destination)",
        to = "(owner, aggregate, id, destination)",
        on_delete = "Restrict"
    )]
    pub(crate) stream: BelongsTo<super::outbox_stream::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
