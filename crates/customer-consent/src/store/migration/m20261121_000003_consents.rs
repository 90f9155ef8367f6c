//! Creates the tables of consents and consent links.

use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, blob, boolean, json_binary, text, timestamp_with_time_zone, uuid},
    sea_orm::DeriveIden,
};

/// The migration of this file.
#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[derive(DeriveIden)]
enum Consent {
    Table,
    Owner,
    Id,
    Version,
    State,
    Waiting,
    Partner,
    Body,
    CreateTime,
    UpdateTime,
}

#[derive(DeriveIden)]
enum LinkToken {
    Table,
    Hash,
    Tenant,
    Claim,
    Notice,
    CreateTime,
    ExpireTime,
}

#[derive(DeriveIden)]
enum LegacyHolder {
    Table,
    Owner,
    Id,
    Version,
    Body,
    UpdateTime,
}

#[derive(DeriveIden)]
enum HolderLink {
    Table,
    Hash,
    Tenant,
    Holder,
    Notice,
    ExpireTime,
}

/// The values of the column `state`.
const STATES: [&str; 12] = [
    "requested",
    "requested_in_window",
    "requested_window_passed",
    "awaiting_delivery",
    "granted_awaiting_delivery",
    "window_open",
    "awaiting_confirmation",
    "granted_in_window",
    "granted",
    "declined",
    "disputable",
    "closed",
];

#[async_trait::async_trait]
#[expect(
    elided_lifetimes_in_paths,
    reason = "async_trait needs the same signature as the trait, which elides the lifetime"
)]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(consent()).await?;
        for table in [link_token(), legacy_holder(), holder_link()] {
            manager.create_table(table).await?;
        }
        for index in [
            consent_of_owner(),
            consent_of_all(),
            consent_update_time(),
            consent_waiting(),
            link_token_expire_time(),
            holder_link_expire_time(),
        ] {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn consent() -> TableCreateStatement {
    use Consent as T;
    Table::create()
        .table(T::Table)
        .col(text(T::Owner))
        .col(uuid(T::Id))
        .col(big_integer(T::Version))
        .col(text(T::State).check(Expr::col(T::State).is_in(STATES)))
        .col(boolean(T::Waiting))
        .col(text(T::Partner))
        .col(json_binary(T::Body))
        .col(timestamp_with_time_zone(T::CreateTime))
        .col(timestamp_with_time_zone(T::UpdateTime))
        .primary_key(Index::create().col(T::Owner).col(T::Id))
        .take()
}

/// Serves lists of one tenant.
fn consent_of_owner() -> IndexCreateStatement {
    use Consent as T;
    Index::create().name("consent_of_owner").table(T::Table).col(T::Owner).col(T::CreateTime).col(T::Id).take()
}

/// Serves lists of all tenants.
fn consent_of_all() -> IndexCreateStatement {
    use Consent as T;
    Index::create().name("consent_of_all").table(T::Table).col(T::CreateTime).col(T::Owner).col(T::Id).take()
}

/// Serves lists by last change.
fn consent_update_time() -> IndexCreateStatement {
    use Consent as T;
    Index::create().name("consent_update_time").table(T::Table).col(T::UpdateTime).col(T::Owner).col(T::Id).take()
}

/// Serves lists of waiting consents.
fn consent_waiting() -> IndexCreateStatement {
    use Consent as T;
    Index::create()
        .name("consent_waiting")
        .table(T::Table)
        .col(T::CreateTime)
        .col(T::Owner)
        .col(T::Id)
        .and_where(Expr::col(T::Waiting))
        .take()
}

fn link_token() -> TableCreateStatement {
    use LinkToken as T;
    Table::create()
        .table(T::Table)
        .col(blob(T::Hash).primary_key())
        .col(text(T::Tenant))
        .col(uuid(T::Claim))
        .col(uuid(T::Notice))
        .col(timestamp_with_time_zone(T::CreateTime))
        .col(timestamp_with_time_zone(T::ExpireTime))
        // Consents are never deleted.
        .foreign_key(
            ForeignKey::create()
                .name("link_token_consent")
                .from(T::Table, (T::Tenant, T::Claim))
                .to(Consent::Table, (Consent::Owner, Consent::Id))
                .on_delete(ForeignKeyAction::Restrict),
        )
        .take()
}

fn legacy_holder() -> TableCreateStatement {
    use LegacyHolder as T;
    Table::create()
        .table(T::Table)
        .col(text(T::Owner))
        .col(uuid(T::Id))
        .col(big_integer(T::Version))
        .col(json_binary(T::Body))
        .col(timestamp_with_time_zone(T::UpdateTime))
        .primary_key(Index::create().col(T::Owner).col(T::Id))
        .take()
}

fn holder_link() -> TableCreateStatement {
    use HolderLink as T;
    Table::create()
        .table(T::Table)
        .col(blob(T::Hash).primary_key())
        .col(text(T::Tenant))
        .col(uuid(T::Holder))
        .col(uuid(T::Notice))
        .col(timestamp_with_time_zone(T::ExpireTime))
        // Holders are never deleted.
        .foreign_key(
            ForeignKey::create()
                .name("holder_link_holder")
                .from(T::Table, (T::Tenant, T::Holder))
                .to(LegacyHolder::Table, (LegacyHolder::Owner, LegacyHolder::Id))
                .on_delete(ForeignKeyAction::Restrict),
        )
        .take()
}

/// Serves the deletion of expired links.
fn holder_link_expire_time() -> IndexCreateStatement {
    use HolderLink as T;
    Index::create().name("holder_link_expire_time").table(T::Table).col(T::ExpireTime).take()
}

/// Serves the deletion of expired links.
fn link_token_expire_time() -> IndexCreateStatement {
    use LinkToken as T;
    Index::create().name("link_token_expire_time").table(T::Table).col(T::ExpireTime).take()
}
