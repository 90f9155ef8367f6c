//! Creates the tables of the eligibility service, after the tables of `cpor-durable`, which every
//! service has.
use sea_orm_migration::prelude::{DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait};
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

/// Returns all migrations of the service's database, in order.
#[must_use]
pub fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    let mut all = cpor_durable::migrations();
    all.push(Box::new(CreateTables));
    all
}

/// Creates all tables of the service.
struct CreateTables;

impl MigrationName for CreateTables {
    fn name(&self) -> &str {
        "m0001_eligibility"
    }
}

/// The statements, with `{uuid}` and `{json}` in place of the type names that differ between SQLite
/// and PostgreSQL. Times are microseconds since 1970-01-01T00:00:00Z.
const STATEMENTS: &[&str] = &[
    "CREATE TABLE assessment (
        owner TEXT NOT NULL, id {uuid} NOT NULL, version BIGINT NOT NULL,
        partner TEXT NOT NULL, stale BOOLEAN NOT NULL, edition BIGINT NOT NULL, state {json} NOT NULL,
        PRIMARY KEY (owner, id))",
    // The assessor polls for stale rows; the partial index keeps the poll cheap.
    "CREATE INDEX assessment_stale ON assessment (owner, id) WHERE stale",
    // For finding assessments that were made with an earlier edition of the guide catalog.
    "CREATE INDEX assessment_edition ON assessment (edition, owner, id)",
    // For lists on behalf of a partner, and for applying a change of the partner.
    "CREATE INDEX assessment_partner ON assessment (partner, owner, id)",
    "CREATE TABLE assessment_month (
        owner TEXT NOT NULL, id {uuid} NOT NULL, month TEXT NOT NULL, answer {json} NOT NULL,
        PRIMARY KEY (owner, id, month))",
    "CREATE TABLE assessment_key (
        owner TEXT NOT NULL, id {uuid} NOT NULL, key TEXT NOT NULL,
        PRIMARY KEY (owner, id, key))",
    "CREATE INDEX assessment_key_key ON assessment_key (owner, key)",
    "CREATE TABLE usage_month (
        owner TEXT NOT NULL, key TEXT NOT NULL, month TEXT NOT NULL, revision BIGINT NOT NULL,
        active_users BIGINT, paid_available_units BIGINT, seats_sold BIGINT, consumption BIGINT,
        import_time BIGINT NOT NULL, unseen BOOLEAN NOT NULL,
        PRIMARY KEY (owner, key, month))",
    "CREATE INDEX usage_month_unseen ON usage_month (owner, key, month) WHERE unseen",
    "CREATE TABLE usage_replaced (
        owner TEXT NOT NULL, key TEXT NOT NULL, month TEXT NOT NULL, revision BIGINT NOT NULL,
        active_users BIGINT, paid_available_units BIGINT, seats_sold BIGINT, consumption BIGINT,
        import_time BIGINT NOT NULL, replace_time BIGINT NOT NULL,
        PRIMARY KEY (owner, key, month, revision))",
    "CREATE TABLE partner_record (
        partner TEXT NOT NULL PRIMARY KEY, sequence BIGINT NOT NULL, record {json} NOT NULL)",
    "CREATE TABLE earning (
        owner TEXT NOT NULL, id {uuid} NOT NULL, partner TEXT NOT NULL, claim {uuid} NOT NULL, key TEXT NOT NULL,
        month TEXT NOT NULL, payout_period TEXT NOT NULL, accrue_time BIGINT NOT NULL, number BIGINT NOT NULL,
        currency TEXT, amount_micros BIGINT, line {json} NOT NULL, status TEXT NOT NULL, payout {uuid},
        reference TEXT, pay_time BIGINT,
        PRIMARY KEY (owner, id))",
    // For lists of all earnings, of a partner's and of a tenant's, in the order of recording.
    "CREATE INDEX earning_time ON earning (accrue_time, number, id)",
    "CREATE INDEX earning_partner ON earning (partner, accrue_time, number, id)",
    "CREATE INDEX earning_tenant ON earning (owner, accrue_time, number, id)",
    "CREATE INDEX earning_key ON earning (key, accrue_time, number, id)",
    "CREATE INDEX earning_due ON earning (payout_period) WHERE status = 'accrued'",
    "CREATE INDEX earning_payout ON earning (payout) WHERE payout IS NOT NULL",
    "CREATE TABLE payout (
        owner TEXT NOT NULL, id {uuid} NOT NULL, version BIGINT NOT NULL, state {json} NOT NULL,
        PRIMARY KEY (owner, id))",
    "CREATE TABLE guide_shelf (
        owner TEXT NOT NULL, id {uuid} NOT NULL, version BIGINT NOT NULL, state {json} NOT NULL,
        PRIMARY KEY (owner, id))",
];

#[async_trait::async_trait]
#[expect(
    elided_lifetimes_in_paths,
    reason = "async_trait requires the same signature as the trait, which elides lifetimes"
)]
impl MigrationTrait for CreateTables {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        let postgres = manager.get_database_backend() == DbBackend::Postgres;
        let (uuid, json) = if postgres { ("UUID", "JSONB") } else { ("BLOB", "TEXT") };
        for statement in STATEMENTS {
            db.execute_unprepared(&statement.replace("{uuid}", uuid).replace("{json}", json)).await?;
        }
        Ok(())
    }
}
