//! Creates the tables of consents, of holders of legacy associations (recorded before claims
//! existed), and of the links in mails to customers and holders.

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
    WaitingForDelivery,
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
    "awaiting_review_in_window",
    "awaiting_review_window_passed",
    "awaiting_delivery",
    "granted_awaiting_delivery",
    "window_open",
    "awaiting_confirmation",
    "granted_in_window",
    "granted",
    "declined",
    "rejected_disputable",
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
            consent_waiting_for_delivery(),
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
    Table::create()
        .table(Consent::Table)
        .col(text(Consent::Owner))
        .col(uuid(Consent::Id))
        .col(big_integer(Consent::Version))
        .col(text(Consent::State).check(Expr::col(Consent::State).is_in(STATES)))
        .col(boolean(Consent::WaitingForDelivery))
        .col(text(Consent::Partner))
        .col(json_binary(Consent::Body))
        .col(timestamp_with_time_zone(Consent::CreateTime))
        .col(timestamp_with_time_zone(Consent::UpdateTime))
        .primary_key(Index::create().col(Consent::Owner).col(Consent::Id))
        .take()
}

/// Builds the index for lists of the consents of one tenant.
fn consent_of_owner() -> IndexCreateStatement {
    Index::create()
        .name("consent_of_owner")
        .table(Consent::Table)
        .col(Consent::Owner)
        .col(Consent::CreateTime)
        .col(Consent::Id)
        .take()
}

/// Builds the index for lists of the consents of all tenants.
fn consent_of_all() -> IndexCreateStatement {
    Index::create()
        .name("consent_of_all")
        .table(Consent::Table)
        .col(Consent::CreateTime)
        .col(Consent::Owner)
        .col(Consent::Id)
        .take()
}

/// Builds the index for lists that are sorted by last change.
fn consent_update_time() -> IndexCreateStatement {
    Index::create()
        .name("consent_update_time")
        .table(Consent::Table)
        .col(Consent::UpdateTime)
        .col(Consent::Owner)
        .col(Consent::Id)
        .take()
}

/// Builds the index for lists of the consents whose last notice bounced.
fn consent_waiting_for_delivery() -> IndexCreateStatement {
    Index::create()
        .name("consent_waiting_for_delivery")
        .table(Consent::Table)
        .col(Consent::CreateTime)
        .col(Consent::Owner)
        .col(Consent::Id)
        .and_where(Expr::col(Consent::WaitingForDelivery))
        .take()
}

fn link_token() -> TableCreateStatement {
    Table::create()
        .table(LinkToken::Table)
        .col(blob(LinkToken::Hash).primary_key())
        .col(text(LinkToken::Tenant))
        .col(uuid(LinkToken::Claim))
        .col(uuid(LinkToken::Notice))
        .col(timestamp_with_time_zone(LinkToken::CreateTime))
        .col(timestamp_with_time_zone(LinkToken::ExpireTime))
        // Consents are never deleted.
        .foreign_key(
            ForeignKey::create()
                .name("link_token_consent")
                .from(LinkToken::Table, (LinkToken::Tenant, LinkToken::Claim))
                .to(Consent::Table, (Consent::Owner, Consent::Id))
                .on_delete(ForeignKeyAction::Restrict),
        )
        .take()
}

fn legacy_holder() -> TableCreateStatement {
    Table::create()
        .table(LegacyHolder::Table)
        .col(text(LegacyHolder::Owner))
        .col(uuid(LegacyHolder::Id))
        .col(big_integer(LegacyHolder::Version))
        .col(json_binary(LegacyHolder::Body))
        .col(timestamp_with_time_zone(LegacyHolder::UpdateTime))
        .primary_key(Index::create().col(LegacyHolder::Owner).col(LegacyHolder::Id))
        .take()
}

fn holder_link() -> TableCreateStatement {
    Table::create()
        .table(HolderLink::Table)
        .col(blob(HolderLink::Hash).primary_key())
        .col(text(HolderLink::Tenant))
        .col(uuid(HolderLink::Holder))
        .col(uuid(HolderLink::Notice))
        .col(timestamp_with_time_zone(HolderLink::ExpireTime))
        // Holders are never deleted.
        .foreign_key(
            ForeignKey::create()
                .name("holder_link_holder")
                .from(HolderLink::Table, (HolderLink::Tenant, HolderLink::Holder))
                .to(LegacyHolder::Table, (LegacyHolder::Owner, LegacyHolder::Id))
                .on_delete(ForeignKeyAction::Restrict),
        )
        .take()
}

/// Builds the index by which expired links are found and deleted.
fn holder_link_expire_time() -> IndexCreateStatement {
    Index::create().name("holder_link_expire_time").table(HolderLink::Table).col(HolderLink::ExpireTime).take()
}

/// Builds the index by which expired links are found and deleted.
fn link_token_expire_time() -> IndexCreateStatement {
    Index::create().name("link_token_expire_time").table(LinkToken::Table).col(LinkToken::ExpireTime).take()
}
