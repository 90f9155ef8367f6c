//! Creates the tables of the roots and their leaves (R56). A *root* is a signed hash of the last
//! history entries, the *leaves*, of all claims that changed since the root before. The entities in
//! `store/entity/` explain the columns.

use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, blob, text, timestamp_with_time_zone, uuid},
    sea_orm::DeriveIden,
};

/// The migration of this file.
#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[derive(DeriveIden)]
enum HistoryRoot {
    Table,
    Number,
    Day,
    Leaves,
    Previous,
    Root,
    IssueTime,
    Signature,
}

#[derive(DeriveIden)]
enum HistoryRootLeaf {
    Table,
    Owner,
    ClaimId,
    Position,
    Root,
    Link,
    LogPosition,
}

#[async_trait::async_trait]
#[expect(
    elided_lifetimes_in_paths,
    reason = "async_trait needs the same signature as the trait, which elides the lifetime"
)]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(history_root()).await?;
        manager.create_table(history_root_leaf()).await?;
        manager.create_index(history_root_leaf_root()).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn history_root() -> TableCreateStatement {
    use HistoryRoot as T;
    Table::create()
        .table(T::Table)
        .col(big_integer(T::Number).primary_key())
        .col(text(T::Day))
        .col(big_integer(T::Leaves))
        .col(blob(T::Previous))
        .col(blob(T::Root))
        .col(timestamp_with_time_zone(T::IssueTime))
        .col(text(T::Signature))
        .take()
}

fn history_root_leaf() -> TableCreateStatement {
    use HistoryRootLeaf as T;
    Table::create()
        .table(T::Table)
        .col(text(T::Owner))
        .col(uuid(T::ClaimId))
        .col(big_integer(T::Position))
        .col(big_integer(T::Root))
        .col(blob(T::Link))
        .col(big_integer(T::LogPosition))
        .primary_key(Index::create().col(T::Owner).col(T::ClaimId).col(T::Position))
        // Roots are never deleted.
        .foreign_key(
            ForeignKey::create()
                .name("history_root_leaf_root")
                .from(T::Table, T::Root)
                .to(HistoryRoot::Table, HistoryRoot::Number)
                .on_delete(ForeignKeyAction::Restrict),
        )
        .take()
}

/// The index for reading the leaves of a root in the order in which they are hashed.
fn history_root_leaf_root() -> IndexCreateStatement {
    use HistoryRootLeaf as T;
    Index::create()
        .name("history_root_leaf_order")
        .table(T::Table)
        .col(T::Root)
        .col(T::Owner)
        .col(T::ClaimId)
        .col(T::Position)
        .take()
}
