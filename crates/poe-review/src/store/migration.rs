//! The tables of this service, on both engines.
use sea_orm_migration::{
    prelude::{DbErr, MigrationName, MigrationTrait, SchemaManager},
    sea_orm::{ConnectionTrait, DbBackend},
};

/// This service's own migrations, in order.
pub(crate) fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    vec![Box::new(Cases)]
}

struct Cases;

impl MigrationName for Cases {
    fn name(&self) -> &str {
        "m0001_review_cases"
    }
}

/// `{uuid}` and `{json}` are what the engines call differently.
const TABLES: &[&str] = &[
    "CREATE TABLE review_case (
        owner TEXT NOT NULL, id {uuid} NOT NULL, version BIGINT NOT NULL,
        state TEXT NOT NULL, reviewer TEXT, claim TEXT NOT NULL, queue_time BIGINT NOT NULL, overdue BOOLEAN NOT NULL,
        snapshot {json} NOT NULL, body {json} NOT NULL,
        create_time BIGINT NOT NULL, update_time BIGINT NOT NULL, close_time BIGINT,
        PRIMARY KEY (owner, id))",
    // The queue, and one reviewer's part of it: their cost is that of the open cases, however many are closed.
    "CREATE INDEX review_case_queue ON review_case (queue_time, owner, id) WHERE close_time IS NULL",
    "CREATE INDEX review_case_reviewer ON review_case (reviewer, queue_time, owner, id) WHERE close_time IS NULL",
    "CREATE INDEX review_case_state ON review_case (state, queue_time, owner, id)",
    "CREATE INDEX review_case_claim ON review_case (claim)",
    "CREATE TABLE case_key (
        owner TEXT NOT NULL, key TEXT NOT NULL, id {uuid} NOT NULL,
        PRIMARY KEY (owner, key, id))",
    "CREATE INDEX case_key_case ON case_key (owner, id)",
    "CREATE TABLE tenant_contest (owner TEXT NOT NULL, PRIMARY KEY (owner))",
    "CREATE TABLE contest_check (
        owner TEXT NOT NULL, id {uuid} NOT NULL, asked BIGINT NOT NULL, answered BIGINT NOT NULL,
        PRIMARY KEY (owner, id))",
    "CREATE INDEX contest_check_unanswered ON contest_check (owner, id) WHERE answered < asked",
    "CREATE TABLE review_note (
        owner TEXT NOT NULL, case_id {uuid} NOT NULL, position BIGINT NOT NULL,
        id {uuid} NOT NULL, author TEXT NOT NULL, text TEXT NOT NULL, create_time BIGINT NOT NULL,
        PRIMARY KEY (owner, case_id, position))",
    "CREATE TABLE arbitration (
        owner TEXT NOT NULL, id {uuid} NOT NULL, version BIGINT NOT NULL, body {json} NOT NULL, create_time BIGINT NOT NULL,
        PRIMARY KEY (owner, id))",
    "CREATE TABLE arbitrated_key (
        owner TEXT NOT NULL, key TEXT NOT NULL, id {uuid} NOT NULL,
        PRIMARY KEY (owner, key))",
    "CREATE TABLE pending_approval (
        owner TEXT NOT NULL, id {uuid} NOT NULL, work TEXT NOT NULL, decision_id {uuid} NOT NULL,
        resume_time BIGINT NOT NULL, attempts BIGINT NOT NULL,
        PRIMARY KEY (owner, id))",
    "CREATE INDEX pending_approval_resume ON pending_approval (resume_time)",
];

#[async_trait::async_trait]
#[expect(elided_lifetimes_in_paths, reason = "the trait's own signature is so, and async_trait needs the same")]
impl MigrationTrait for Cases {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        let postgres = manager.get_database_backend() == DbBackend::Postgres;
        let (uuid, json) = if postgres { ("UUID", "JSONB") } else { ("BLOB", "TEXT") };
        for statement in TABLES {
            db.execute_unprepared(&statement.replace("{uuid}", uuid).replace("{json}", json)).await?;
        }
        Ok(())
    }
}
