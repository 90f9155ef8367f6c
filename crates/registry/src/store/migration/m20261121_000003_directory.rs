//! Creates the tables of tenants, partners, claim records and associations.
use sea_orm_migration::{
    prelude::*,
    schema::{
        big_integer, boolean, json_binary, json_binary_null, text, text_null, timestamp_with_time_zone,
        timestamp_with_time_zone_null, uuid, uuid_null,
    },
    sea_orm::DeriveIden,
};

/// The migration of this file.
#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[derive(DeriveIden)]
enum Tenant {
    Table,
    Owner,
    Id,
    Version,
    DisplayName,
    Region,
    Calendar,
    Domains,
    DomainEnds,
}

#[derive(DeriveIden)]
enum TenantDomain {
    Table,
    Tenant,
    Domain,
}

#[derive(DeriveIden)]
enum Subscription {
    Table,
    Tenant,
    Id,
    Product,
    Status,
    Channel,
    PurchaseTime,
    EndTime,
    ExpireTime,
}

#[derive(DeriveIden)]
enum Workload {
    Table,
    Tenant,
    Product,
    EndTime,
}

#[derive(DeriveIden)]
enum TenantClaim {
    Table,
    Tenant,
    Partner,
    Claim,
    Decisions,
    Closed,
}

#[derive(DeriveIden)]
enum KeyHolder {
    Table,
    Tenant,
    Key,
    Partner,
    SuccessorPartner,
    SuccessorClaim,
    SuccessorDecision,
    SuccessorCase,
}

#[derive(DeriveIden)]
enum Association {
    Table,
    Tenant,
    Id,
    Partner,
    Claim,
    Line,
    ReviewCase,
    MpnId,
    Product,
    Key,
    Activity,
    Exclusive,
    SubmitTime,
    HolderContact,
    HolderErasure,
    HoldTime,
    OfficialTime,
    EndTime,
    EndReason,
}

#[derive(DeriveIden)]
enum CatalogRecord {
    Table,
    Owner,
    Id,
    Version,
    Products,
}

#[derive(DeriveIden)]
enum Partner {
    Table,
    Owner,
    Id,
    Version,
    DisplayName,
    Locations,
    Enrollments,
    FormerRegions,
}

#[derive(DeriveIden)]
enum PartnerLocation {
    Table,
    Partner,
    MpnId,
}

/// The values of the column `status` of subscriptions.
const STATUSES: [&str; 5] = ["active", "in_grace", "expired", "not_provisioned", "suspended"];

/// The values of the column `channel`.
const CHANNELS: [&str; 3] = ["volume_licensing", "web_direct", "csp"];

/// The values of the column `activity`.
const ACTIVITIES: [&str; 3] = ["usage", "pre_sales", "revenue_association"];

/// The values of the column `end_reason`, which can also be null.
const END_REASONS: [&str; 5] = ["declined", "withdrawn", "expired", "superseded", "rejected"];

#[async_trait::async_trait]
#[expect(
    elided_lifetimes_in_paths,
    reason = "async_trait needs the same signature as the trait, which elides the lifetime"
)]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(tenant()).await?;
        manager.create_index(tenant_id()).await?;
        for table in [tenant_domain(), subscription(), workload(), tenant_claim(), key_holder(), association()] {
            manager.create_table(table).await?;
        }
        manager.create_table(catalog_record()).await?;
        manager.create_table(partner()).await?;
        manager.create_index(partner_owner()).await?;
        manager.create_table(partner_location()).await?;
        for index in [
            key_holder_successor(),
            association_key(),
            association_live(),
            association_ended(),
            association_tenant(),
            association_partner(),
            association_all(),
        ] {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn tenant() -> TableCreateStatement {
    use Tenant as T;
    Table::create()
        .table(T::Table)
        .col(text(T::Owner))
        .col(uuid(T::Id))
        .col(big_integer(T::Version))
        .col(text(T::DisplayName))
        .col(text(T::Region))
        .col(text(T::Calendar))
        .col(json_binary(T::Domains))
        .col(json_binary(T::DomainEnds))
        .primary_key(Index::create().col(T::Owner).col(T::Id))
        .take()
}

/// Returns the index that serves the foreign keys of the tenant's child rows.
fn tenant_id() -> IndexCreateStatement {
    use Tenant as T;
    Index::create().name("tenant_id").table(T::Table).col(T::Id).unique().take()
}

/// Returns a foreign key from a column to the tenant. Tenants are never deleted.
fn of_tenant(name: &str, table: impl IntoTableRef, column: impl IntoIden) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .name(name)
        .from(table, column)
        .to(Tenant::Table, Tenant::Id)
        .on_delete(ForeignKeyAction::Restrict)
        .take()
}

fn tenant_domain() -> TableCreateStatement {
    use TenantDomain as T;
    Table::create()
        .table(T::Table)
        .col(uuid(T::Tenant))
        .col(text(T::Domain).unique_key())
        .primary_key(Index::create().col(T::Tenant).col(T::Domain))
        .foreign_key(&mut of_tenant("tenant_domain_of_tenant", T::Table, T::Tenant))
        .take()
}

fn subscription() -> TableCreateStatement {
    use Subscription as T;
    Table::create()
        .table(T::Table)
        .col(uuid(T::Tenant))
        .col(uuid(T::Id))
        .col(text(T::Product))
        .col(text(T::Status).check(Expr::col(T::Status).is_in(STATUSES)))
        .col(text(T::Channel).check(Expr::col(T::Channel).is_in(CHANNELS)))
        .col(timestamp_with_time_zone(T::PurchaseTime))
        .col(timestamp_with_time_zone_null(T::EndTime))
        .col(timestamp_with_time_zone_null(T::ExpireTime))
        .primary_key(Index::create().col(T::Tenant).col(T::Id))
        .foreign_key(&mut of_tenant("subscription_of_tenant", T::Table, T::Tenant))
        .take()
}

fn workload() -> TableCreateStatement {
    use Workload as T;
    Table::create()
        .table(T::Table)
        .col(uuid(T::Tenant))
        .col(text(T::Product))
        .col(timestamp_with_time_zone_null(T::EndTime))
        .primary_key(Index::create().col(T::Tenant).col(T::Product))
        .foreign_key(&mut of_tenant("workload_of_tenant", T::Table, T::Tenant))
        .take()
}

fn tenant_claim() -> TableCreateStatement {
    use TenantClaim as T;
    Table::create()
        .table(T::Table)
        .col(uuid(T::Tenant))
        .col(text(T::Partner))
        .col(uuid(T::Claim))
        .col(json_binary(T::Decisions))
        .col(json_binary(T::Closed))
        .primary_key(Index::create().col(T::Tenant).col(T::Partner).col(T::Claim))
        .foreign_key(&mut of_tenant("tenant_claim_of_tenant", T::Table, T::Tenant))
        .take()
}

/// Creates the table of the companies that hold a key (a workload or subscription). The primary key
/// guarantees that a key has at most one holder (R34) and at most one successor (R37), even when
/// several transactions write at the same time.
fn key_holder() -> TableCreateStatement {
    use KeyHolder as T;
    Table::create()
        .table(T::Table)
        .col(uuid(T::Tenant))
        .col(text(T::Key))
        .col(text(T::Partner))
        .col(text_null(T::SuccessorPartner))
        .col(uuid_null(T::SuccessorClaim))
        .col(uuid_null(T::SuccessorDecision))
        .col(uuid_null(T::SuccessorCase))
        .check(both_or_neither_null(T::SuccessorPartner, T::SuccessorClaim))
        .check(both_or_neither_null(T::SuccessorPartner, T::SuccessorDecision))
        .primary_key(Index::create().col(T::Tenant).col(T::Key))
        .foreign_key(&mut of_tenant("key_holder_of_tenant", T::Table, T::Tenant))
        .take()
}

/// Returns the index that serves the search for the successors that are loaded with a tenant.
fn key_holder_successor() -> IndexCreateStatement {
    use KeyHolder as T;
    Index::create()
        .name("key_holder_successor")
        .table(T::Table)
        .col(T::Tenant)
        .and_where(Expr::col(T::SuccessorClaim).is_not_null())
        .take()
}

fn association() -> TableCreateStatement {
    use Association as T;
    Table::create()
        .table(T::Table)
        .col(uuid(T::Tenant))
        .col(uuid(T::Id))
        .col(text(T::Partner))
        .col(uuid_null(T::Claim))
        .col(uuid_null(T::Line))
        .col(uuid_null(T::ReviewCase))
        .col(text(T::MpnId))
        .col(text(T::Product))
        .col(text(T::Key))
        .col(text(T::Activity).check(Expr::col(T::Activity).is_in(ACTIVITIES)))
        .col(boolean(T::Exclusive))
        .col(timestamp_with_time_zone_null(T::SubmitTime))
        .col(json_binary_null(T::HolderContact))
        .col(json_binary_null(T::HolderErasure))
        .col(timestamp_with_time_zone(T::HoldTime))
        .col(timestamp_with_time_zone_null(T::OfficialTime))
        .col(timestamp_with_time_zone_null(T::EndTime))
        .col(text_null(T::EndReason).check(Expr::col(T::EndReason).is_in(END_REASONS)))
        .check(both_or_neither_null(T::EndTime, T::EndReason))
        .check(both_or_neither_null(T::Claim, T::Line))
        .check(both_or_neither_null(T::Claim, T::SubmitTime))
        .primary_key(Index::create().col(T::Tenant).col(T::Id))
        .foreign_key(&mut of_tenant("association_of_tenant", T::Table, T::Tenant))
        .take()
}

/// Returns the index that serves the search for the partners that are on record for a key, now or
/// at a time.
fn association_key() -> IndexCreateStatement {
    use Association as T;
    Index::create()
        .name("association_key")
        .table(T::Table)
        .col(T::Tenant)
        .col(T::Key)
        .col(T::OfficialTime)
        .col(T::EndTime)
        .take()
}

/// Returns the index that serves the search for the live (pending or official) associations that
/// are loaded with a tenant. The cost does not depend on the number of ended associations.
fn association_live() -> IndexCreateStatement {
    use Association as T;
    Index::create()
        .name("association_live")
        .table(T::Table)
        .col(T::Tenant)
        .and_where(Expr::col(T::EndTime).is_null())
        .take()
}

/// Returns the index that serves the search for the ended associations that are loaded with a
/// tenant.
fn association_ended() -> IndexCreateStatement {
    use Association as T;
    Index::create()
        .name("association_ended")
        .table(T::Table)
        .col(T::Tenant)
        .and_where(Expr::col(T::EndTime).is_not_null())
        .and_where(
            Expr::col(T::EndReason).is_in(["expired", "superseded"]).or(Expr::col(T::OfficialTime).is_not_null()),
        )
        .take()
}

/// Returns the index that serves lists of the associations of a tenant, the newest first.
fn association_tenant() -> IndexCreateStatement {
    use Association as T;
    Index::create().name("association_tenant").table(T::Table).col(T::Tenant).col(T::HoldTime).col(T::Id).take()
}

/// Returns the index that serves lists of the associations of a partner, the newest first.
fn association_partner() -> IndexCreateStatement {
    use Association as T;
    Index::create().name("association_partner").table(T::Table).col(T::Partner).col(T::HoldTime).col(T::Id).take()
}

/// Returns the index that serves lists of the associations of all tenants, the newest first.
fn association_all() -> IndexCreateStatement {
    use Association as T;
    Index::create().name("association_all").table(T::Table).col(T::HoldTime).col(T::Id).take()
}

fn catalog_record() -> TableCreateStatement {
    use CatalogRecord as T;
    Table::create()
        .table(T::Table)
        .col(text(T::Owner))
        .col(uuid(T::Id))
        .col(big_integer(T::Version))
        .col(json_binary(T::Products))
        .primary_key(Index::create().col(T::Owner).col(T::Id))
        .take()
}

fn partner() -> TableCreateStatement {
    use Partner as T;
    Table::create()
        .table(T::Table)
        .col(text(T::Owner))
        .col(uuid(T::Id))
        .col(big_integer(T::Version))
        .col(text(T::DisplayName))
        .col(json_binary(T::Locations))
        .col(json_binary(T::Enrollments))
        .col(json_binary(T::FormerRegions))
        .primary_key(Index::create().col(T::Owner).col(T::Id))
        .take()
}

/// Returns the index that serves the foreign key of the partner's locations.
fn partner_owner() -> IndexCreateStatement {
    use Partner as T;
    Index::create().name("partner_owner").table(T::Table).col(T::Owner).unique().take()
}

fn partner_location() -> TableCreateStatement {
    use PartnerLocation as T;
    Table::create()
        .table(T::Table)
        .col(text(T::Partner))
        .col(text(T::MpnId).unique_key())
        .primary_key(Index::create().col(T::Partner).col(T::MpnId))
        // Partners are never deleted.
        .foreign_key(
            ForeignKey::create()
                .name("partner_location_partner")
                .from(T::Table, T::Partner)
                .to(Partner::Table, Partner::Owner)
                .on_delete(ForeignKeyAction::Restrict),
        )
        .take()
}

/// Returns the condition that two columns are both null or both set.
fn both_or_neither_null(one: impl IntoColumnRef, other: impl IntoColumnRef) -> Expr {
    Expr::col(one).is_null().eq(Expr::col(other).is_null())
}
