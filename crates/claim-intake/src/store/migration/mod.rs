//! The tables of claim-intake, after those of `cpor-durable`, which every service has.
use sea_orm_migration::prelude::{DbErr, MigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

/// Every migration of claim-intake's database, in order.
#[must_use]
pub fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    let mut all = cpor_durable::migrations();
    all.push(cpor_mail::migration());
    all.push(Box::new(Tables));
    all
}

struct Tables;

impl MigrationName for Tables {
    fn name(&self) -> &str {
        "m0001_claim_intake"
    }
}

/// `{uuid}`, `{json}`, `{bytes}` and `{text}`, which sorts by code points, are what the engines call differently. Times are microseconds since 1970 UTC. `owner` is the
/// partner's id.
const TABLES: &[&str] = &[
    "CREATE TABLE claim (
        owner TEXT NOT NULL, id {uuid} NOT NULL, version BIGINT NOT NULL,
        state TEXT NOT NULL, create_time BIGINT NOT NULL, update_time BIGINT NOT NULL, history BIGINT NOT NULL, head {bytes} NOT NULL, erased {json} NOT NULL,
        content {json} NOT NULL, directory {json} NOT NULL, evidence {json} NOT NULL, lost_lines {json} NOT NULL, status {json} NOT NULL,
        waits_for TEXT NOT NULL, wait_time BIGINT NOT NULL, customer_wait_time BIGINT NOT NULL,
        association_state TEXT NOT NULL, solution_area TEXT NOT NULL, activities TEXT NOT NULL, products TEXT NOT NULL,
        display_name {text} NOT NULL, mpn_id TEXT NOT NULL, tenant_id TEXT NOT NULL, policy TEXT NOT NULL, submit_time BIGINT NOT NULL,
        PRIMARY KEY (owner, id))",
    // Lists: a partner's by age, by last change, and those in a state, of a customer or that wait for one thing by age; everybody's by age, and
    // those that wait for one thing (R60).
    "CREATE INDEX claim_owner_age ON claim (owner, create_time, id)",
    "CREATE INDEX claim_owner_change ON claim (owner, update_time, id)",
    "CREATE INDEX claim_owner_state ON claim (owner, state, create_time, id)",
    "CREATE INDEX claim_owner_tenant ON claim (owner, tenant_id, create_time, id)",
    "CREATE INDEX claim_owner_wait ON claim (owner, waits_for, create_time, id)",
    "CREATE INDEX claim_age ON claim (create_time, id)",
    "CREATE INDEX claim_wait ON claim (waits_for, create_time, id)",
    "CREATE TABLE claim_line (
        owner TEXT NOT NULL, claim_id {uuid} NOT NULL, line_id {uuid} NOT NULL, activity TEXT NOT NULL,
        tenant {uuid} NOT NULL, key TEXT NOT NULL,
        PRIMARY KEY (owner, claim_id, line_id, activity))",
    // R38: one company has a line for one activity in one open or approved claim, whoever writes and however many at
    // once.
    "CREATE UNIQUE INDEX claim_line_key ON claim_line (owner, tenant, key, activity)",
    // Every document ever begun. `document` is there once it is stored, and stays when it is removed from the claim.
    "CREATE TABLE evidence (
        owner TEXT NOT NULL, claim_id {uuid} NOT NULL, id {uuid} NOT NULL,
        state TEXT NOT NULL, start_time BIGINT NOT NULL, position BIGINT, document {json},
        PRIMARY KEY (owner, claim_id, id))",
    // The sweeper's: its cost depends on what is pending, not on what is stored.
    "CREATE INDEX evidence_pending ON evidence (start_time) WHERE state IN ('PENDING', 'ABANDONED')",
    // In the order of the history, whose position each has.
    "CREATE TABLE comment (
        owner TEXT NOT NULL, claim_id {uuid} NOT NULL, position BIGINT NOT NULL, id {uuid} NOT NULL,
        side TEXT NOT NULL, create_time BIGINT NOT NULL, text TEXT NOT NULL, evidence_id {uuid}, line_id {uuid},
        PRIMARY KEY (owner, claim_id, position))",
    // R56: from 1 without gaps, in the order of application, each linked to the one before. Rows are only ever inserted; of what is
    // erased text and salt go, never the commitment.
    "CREATE TABLE history (
        owner TEXT NOT NULL, claim_id {uuid} NOT NULL, position BIGINT NOT NULL,
        action TEXT NOT NULL, side TEXT NOT NULL, subject TEXT NOT NULL,
        effective_time BIGINT NOT NULL, record_time BIGINT NOT NULL,
        from_state TEXT, to_state TEXT NOT NULL, changes {json} NOT NULL, reason TEXT NOT NULL, overtaken BOOLEAN NOT NULL,
        audience TEXT NOT NULL, salt {bytes} NOT NULL, commitments {bytes} NOT NULL, link {bytes} NOT NULL,
        owner_sequence BIGINT NOT NULL,
        PRIMARY KEY (owner, claim_id, position))",
    // R59: the entries of all claims of an owner, in the order of commits, and how many there are.
    "CREATE UNIQUE INDEX history_owner_sequence ON history (owner, owner_sequence)",
    "CREATE TABLE owner_log (owner TEXT NOT NULL, last BIGINT NOT NULL, PRIMARY KEY (owner))",
];

#[async_trait::async_trait]
#[expect(elided_lifetimes_in_paths, reason = "the trait's own signature is so, and async_trait needs the same")]
impl MigrationTrait for Tables {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        let postgres = manager.get_database_backend() == DbBackend::Postgres;
        let (uuid, json, bytes, text) =
            if postgres { ("UUID", "JSONB", "BYTEA", "TEXT COLLATE \"C\"") } else { ("BLOB", "TEXT", "BLOB", "TEXT") };
        for statement in TABLES {
            let statement = statement.replace("{uuid}", uuid).replace("{json}", json);
            let statement = statement.replace("{bytes}", bytes).replace("{text}", text);
            db.execute_unprepared(&statement).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
