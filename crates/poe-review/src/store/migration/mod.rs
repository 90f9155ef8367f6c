//! The migrations that create the tables of this service, in SQLite and PostgreSQL.
use sea_orm_migration::{
    prelude::{DbErr, MigrationName, MigrationTrait, SchemaManager},
    sea_orm::{ConnectionTrait, DbBackend},
};

/// Returns the migrations of this service's own tables, in the order in which they must run.
pub(crate) fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    vec![Box::new(CreateTables)]
}

/// Creates the tables for cases, competition, notes, arbitrations and pending decisions.
struct CreateTables;

impl MigrationName for CreateTables {
    fn name(&self) -> &str {
        "m0001_review_cases"
    }
}

/// The SQL statements. `{uuid}` and `{json}` are placeholders for column types, whose names differ
/// between SQLite and PostgreSQL.
const STATEMENTS: &[&str] = &[
    "CREATE TABLE review_case (
        owner TEXT NOT NULL, id {uuid} NOT NULL, version BIGINT NOT NULL,
        state TEXT NOT NULL, reviewer TEXT, claim TEXT NOT NULL, queue_time BIGINT NOT NULL, overdue BOOLEAN NOT NULL,
        snapshot {json} NOT NULL, body {json} NOT NULL,
        create_time BIGINT NOT NULL, update_time BIGINT NOT NULL, close_time BIGINT,
        PRIMARY KEY (owner, id))",
    // The indexes of the queue contain only open cases, so that closed cases do not slow it down.
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
#[expect(elided_lifetimes_in_paths, reason = "the signature must be the same as in the trait")]
impl MigrationTrait for CreateTables {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        let is_postgres = manager.get_database_backend() == DbBackend::Postgres;
        let (uuid, json) = if is_postgres { ("UUID", "JSONB") } else { ("BLOB", "TEXT") };
        for statement in STATEMENTS {
            db.execute_unprepared(&statement.replace("{uuid}", uuid).replace("{json}", json)).await?;
        }
        Ok(())
    }
}
