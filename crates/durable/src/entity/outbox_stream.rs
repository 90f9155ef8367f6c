//! The table `outbox_stream`: one row for each outgoing stream, which consists of the events that
//! one aggregate (such as a claim) sends to one other service. A *sequence* is the number of an
//! event in its stream.
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "outbox_stream")]
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
    /// The name of the service that receives the events.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) destination: String,
    /// The sequence that the next event gets.
    pub(crate) next_sequence: i64,
    /// The sequence of the last event that was delivered.
    pub(crate) delivered_sequence: i64,
    /// The id of the current lease, if there is one. The relay (the task that delivers
    /// events) that holds the lease delivers the stream, and no other relay does.
    pub(crate) lease_token: Option<Uuid>,
    /// The time, by the machine's clock, before which no relay may lease the stream: the end of the
    /// current lease, or the time of the next attempt.
    pub(crate) ready_time: DateTimeUtc,
    /// The number of failed deliveries since an event was last delivered, or since an operator last
    /// retried the parked stream.
    pub(crate) attempts: i64,
    /// The reason why the stream is parked (not delivered until an operator retries it), if it is.
    pub(crate) parked_reason: Option<String>,
    /// The reason why the last delivery failed, if it did.
    pub(crate) last_error: Option<String>,
    /// The creation time of the oldest undelivered event, if there is one.
    pub(crate) oldest_undelivered_time: Option<DateTimeUtc>,
    /// The undelivered events.
    #[sea_orm(has_many)]
    pub(crate) events: HasMany<super::outbox_event::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
