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
    FinishTime,
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
    Table::create()
        .table(Mail::Table)
        .col(text(Mail::Owner))
        .col(uuid(Mail::Id))
        .col(text(Mail::Kind))
        .col(text(Mail::Recipient))
        .col(timestamp_with_time_zone(Mail::DecideTime))
        .col(json_binary(Mail::Data))
        .col(text(Mail::State).check(Expr::col(Mail::State).is_in(["queued", "sent", "bounced", "withdrawn"])))
        .col(big_integer(Mail::Attempts))
        .col(timestamp_with_time_zone(Mail::NextAttemptTime))
        .col(timestamp_with_time_zone_null(Mail::FirstAttemptTime))
        .col(timestamp_with_time_zone_null(Mail::FinishTime))
        .col(uuid_null(Mail::LeaseToken))
        .col(timestamp_with_time_zone_null(Mail::LeaseUntil))
        .col(text(Mail::LastError))
        .primary_key(Index::create().col(Mail::Owner).col(Mail::Id))
        .take()
}

/// Builds the index by which due mails are found. It is partial, so that finished mails do not make
/// the search slower.
fn mail_waiting() -> IndexCreateStatement {
    Index::create()
        .name("mail_waiting")
        .table(Mail::Table)
        .col(Mail::NextAttemptTime)
        .and_where(Expr::col(Mail::State).eq("queued"))
        .take()
}
