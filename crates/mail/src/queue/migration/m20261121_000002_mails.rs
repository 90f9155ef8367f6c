//! Creates the table of mails.

use sea_orm_migration::{
    prelude::*,
    schema::{
        big_integer, json_binary, text, timestamp_with_time_zone, timestamp_with_time_zone_null, uuid, uuid_null,
    },
    sea_orm::DeriveIden,
};

/// The migration of this file.
#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[derive(DeriveIden)]
enum Mail {
    Table,
    Owner,
    Id,
    Kind,
    Recipient,
    DecideTime,
    Data,
    State,
    Attempts,
    NextAttemptTime,
    FirstAttemptTime,
    SettleTime,
    LeaseToken,
    LeaseUntil,
    LastError,
}

#[async_trait::async_trait]
#[expect(
    elided_lifetimes_in_paths,
    reason = "async_trait needs the same signature as the trait, which elides the lifetime"
)]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(mail()).await?;
        manager.create_index(mail_waiting()).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn mail() -> TableCreateStatement {
    use Mail as T;
    Table::create()
        .table(T::Table)
        .col(text(T::Owner))
        .col(uuid(T::Id))
        .col(text(T::Kind))
        .col(text(T::Recipient))
        .col(timestamp_with_time_zone(T::DecideTime))
        .col(json_binary(T::Data))
        .col(text(T::State).check(Expr::col(T::State).is_in(["queued", "sent", "bounced", "withdrawn"])))
        .col(big_integer(T::Attempts))
        .col(timestamp_with_time_zone(T::NextAttemptTime))
        .col(timestamp_with_time_zone_null(T::FirstAttemptTime))
        .col(timestamp_with_time_zone_null(T::SettleTime))
        .col(uuid_null(T::LeaseToken))
        .col(timestamp_with_time_zone_null(T::LeaseUntil))
        .col(text(T::LastError))
        .primary_key(Index::create().col(T::Owner).col(T::Id))
        .take()
}

/// The index by which due mails are found. It is partial, so that finished mails do not make the
/// search slower.
fn mail_waiting() -> IndexCreateStatement {
    use Mail as T;
    Index::create()
        .name("mail_waiting")
        .table(T::Table)
        .col(T::NextAttemptTime)
        .and_where(Expr::col(T::State).eq("queued"))
        .take()
}
