//! Creates the tables of the outbox, the inbox, deadlines, request ids and the virtual clock.
use sea_orm_migration::{
    prelude::*,
    schema::{
        big_integer, blob, text, text_null, timestamp_with_time_zone, timestamp_with_time_zone_null, uuid, uuid_null,
    },
    sea_orm::DeriveIden,
};

/// The migration of this file.
#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[derive(DeriveIden)]
enum OutboxStream {
    Table,
    Owner,
    Aggregate,
    Id,
    Destination,
    NextSequence,
    DeliveredSequence,
    LeaseToken,
    ReadyTime,
    Attempts,
    ParkedReason,
    LastError,
    OldestUndeliveredTime,
}

#[derive(DeriveIden)]
enum OutboxEvent {
    Table,
    Owner,
    Aggregate,
    Id,
    Destination,
    Sequence,
    Payload,
    CreateTime,
}

#[derive(DeriveIden)]
enum Inbox {
    Table,
    Owner,
    Id,
    Source,
    Aggregate,
    LastSequence,
}

#[derive(DeriveIden)]
enum Deadline {
    Table,
    Owner,
    Aggregate,
    Id,
    Kind,
    DueTime,
    Rule,
    Generation,
    State,
    ArmedTime,
}

#[derive(DeriveIden)]
#[expect(clippy::enum_variant_names, reason = "a column has the name of the table")]
enum RequestId {
    Table,
    Caller,
    Method,
    RequestId,
    BodyHash,
    Owner,
    Id,
    Version,
    CreateTime,
}

#[derive(DeriveIden)]
enum VirtualClock {
    Table,
    Id,
    Time,
}

#[async_trait::async_trait]
#[expect(
    elided_lifetimes_in_paths,
    reason = "async_trait needs the same signature as the trait, which elides the lifetime"
)]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [outbox_stream(), outbox_event(), inbox(), deadline(), request_id(), virtual_clock()] {
            manager.create_table(table).await?;
        }
        for index in [outbox_stream_ready(), outbox_stream_oldest(), deadline_pending(), request_id_create_time()] {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn outbox_stream() -> TableCreateStatement {
    use OutboxStream as T;
    Table::create()
        .table(T::Table)
        .col(text(T::Owner))
        .col(text(T::Aggregate))
        .col(uuid(T::Id))
        .col(text(T::Destination))
        .col(big_integer(T::NextSequence))
        .col(big_integer(T::DeliveredSequence))
        .col(uuid_null(T::LeaseToken))
        .col(timestamp_with_time_zone(T::ReadyTime))
        .col(big_integer(T::Attempts))
        .col(text_null(T::ParkedReason))
        .col(text_null(T::LastError))
        .col(timestamp_with_time_zone_null(T::OldestUndeliveredTime))
        .primary_key(Index::create().col(T::Owner).col(T::Aggregate).col(T::Id).col(T::Destination))
        .take()
}

/// Serves the relay's search for streams that can be delivered.
fn outbox_stream_ready() -> IndexCreateStatement {
    use OutboxStream as T;
    Index::create()
        .name("outbox_stream_ready")
        .table(T::Table)
        .col(T::Destination)
        .col(T::ReadyTime)
        .and_where(Expr::col(T::DeliveredSequence).lt(Expr::col(T::NextSequence).sub(1)))
        .and_where(Expr::col(T::ParkedReason).is_null())
        .take()
}

/// Serves the operators' list of streams, which begins with the oldest undelivered event.
fn outbox_stream_oldest() -> IndexCreateStatement {
    use OutboxStream as T;
    Index::create()
        .name("outbox_stream_oldest")
        .table(T::Table)
        .col(T::OldestUndeliveredTime)
        .and_where(Expr::col(T::OldestUndeliveredTime).is_not_null())
        .take()
}

fn outbox_event() -> TableCreateStatement {
    use OutboxEvent as T;
    Table::create()
        .table(T::Table)
        .col(text(T::Owner))
        .col(text(T::Aggregate))
        .col(uuid(T::Id))
        .col(text(T::Destination))
        .col(big_integer(T::Sequence))
        .col(blob(T::Payload))
        .col(timestamp_with_time_zone(T::CreateTime))
        .primary_key(Index::create().col(T::Owner).col(T::Aggregate).col(T::Id).col(T::Destination).col(T::Sequence))
        // Streams are never deleted. A row of a stream is inserted before its first event.
        .foreign_key(
            ForeignKey::create()
                .name("outbox_event_stream")
                .from_tbl(T::Table)
                .from_col(T::Owner)
                .from_col(T::Aggregate)
                .from_col(T::Id)
                .from_col(T::Destination)
                .to_tbl(OutboxStream::Table)
                .to_col(OutboxStream::Owner)
                .to_col(OutboxStream::Aggregate)
                .to_col(OutboxStream::Id)
                .to_col(OutboxStream::Destination)
                .on_delete(ForeignKeyAction::Restrict),
        )
        .take()
}

fn inbox() -> TableCreateStatement {
    use Inbox as T;
    Table::create()
        .table(T::Table)
        .col(text(T::Owner))
        .col(uuid(T::Id))
        .col(text(T::Source))
        .col(text(T::Aggregate))
        .col(big_integer(T::LastSequence))
        .primary_key(Index::create().col(T::Owner).col(T::Id).col(T::Source).col(T::Aggregate))
        .take()
}

fn deadline() -> TableCreateStatement {
    use Deadline as T;
    Table::create()
        .table(T::Table)
        .col(text(T::Owner))
        .col(text(T::Aggregate))
        .col(uuid(T::Id))
        .col(text(T::Kind))
        .col(timestamp_with_time_zone(T::DueTime))
        .col(text(T::Rule))
        .col(big_integer(T::Generation))
        .col(text(T::State).check(Expr::col(T::State).is_in(["pending", "fired", "cancelled"])))
        .col(timestamp_with_time_zone(T::ArmedTime))
        .primary_key(Index::create().col(T::Owner).col(T::Aggregate).col(T::Id).col(T::Kind))
        .take()
}

/// Serves the search for due deadlines. Its cost depends on the number of due, not of pending,
/// deadlines.
fn deadline_pending() -> IndexCreateStatement {
    use Deadline as T;
    Index::create()
        .name("deadline_pending")
        .table(T::Table)
        .col(T::DueTime)
        .and_where(Expr::col(T::State).eq("pending"))
        .take()
}

fn request_id() -> TableCreateStatement {
    use RequestId as T;
    Table::create()
        .table(T::Table)
        .col(text(T::Caller))
        .col(text(T::Method))
        .col(text(T::RequestId))
        .col(blob(T::BodyHash))
        .col(text(T::Owner))
        .col(uuid(T::Id))
        .col(big_integer(T::Version))
        .col(timestamp_with_time_zone(T::CreateTime))
        .primary_key(Index::create().col(T::Caller).col(T::Method).col(T::RequestId))
        .take()
}

/// Serves the deletion of expired request ids.
fn request_id_create_time() -> IndexCreateStatement {
    use RequestId as T;
    Index::create().name("request_id_create_time").table(T::Table).col(T::CreateTime).take()
}

fn virtual_clock() -> TableCreateStatement {
    use VirtualClock as T;
    Table::create().table(T::Table).col(big_integer(T::Id).primary_key()).col(timestamp_with_time_zone(T::Time)).take()
}
