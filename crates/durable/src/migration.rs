//! The tables of this crate, which every service's database has.
use sea_orm_migration::{
    prelude::{DbErr, MigrationName, MigrationTrait, SchemaManager},
    sea_orm::{ConnectionTrait, DbBackend},
};

/// The migrations of this crate, to come first in a service's own list.
#[must_use]
pub fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    vec![Box::new(Tables)]
}

struct Tables;

impl MigrationName for Tables {
    fn name(&self) -> &str {
        "m0001_durable"
    }
}

/// `{uuid}` and `{bytes}` are what the engines call differently.
const TABLES: &[&str] = &[
    // Events from one aggregate to one service: how many there are, and how far the receiver is.
    "CREATE TABLE outbox_stream (
        owner TEXT NOT NULL, aggregate TEXT NOT NULL, id {uuid} NOT NULL, destination TEXT NOT NULL,
        next_sequence BIGINT NOT NULL, delivered_sequence BIGINT NOT NULL,
        lease_token {uuid}, ready_time BIGINT NOT NULL, attempts BIGINT NOT NULL,
        parked_reason TEXT, last_error TEXT, oldest_time BIGINT,
        PRIMARY KEY (owner, aggregate, id, destination))",
    // What the relay has to do.
    "CREATE INDEX outbox_stream_ready ON outbox_stream (destination, ready_time)
        WHERE delivered_sequence < next_sequence - 1 AND parked_reason IS NULL",
    // What operators look at.
    "CREATE INDEX outbox_stream_oldest ON outbox_stream (oldest_time) WHERE oldest_time IS NOT NULL",
    // Events not yet delivered.
    "CREATE TABLE outbox_event (
        owner TEXT NOT NULL, aggregate TEXT NOT NULL, id {uuid} NOT NULL, destination TEXT NOT NULL,
        sequence BIGINT NOT NULL, payload {bytes} NOT NULL, create_time BIGINT NOT NULL,
        PRIMARY KEY (owner, aggregate, id, destination, sequence))",
    "CREATE TABLE inbox (
        owner TEXT NOT NULL, id {uuid} NOT NULL, source TEXT NOT NULL, aggregate TEXT NOT NULL,
        last_sequence BIGINT NOT NULL,
        PRIMARY KEY (owner, id, source, aggregate))",
    "CREATE TABLE deadline (
        owner TEXT NOT NULL, aggregate TEXT NOT NULL, id {uuid} NOT NULL, kind TEXT NOT NULL,
        due_time BIGINT NOT NULL, rule TEXT NOT NULL, generation BIGINT NOT NULL, state TEXT NOT NULL,
        armed_time BIGINT NOT NULL,
        PRIMARY KEY (owner, aggregate, id, kind))",
    // Polling costs what is due, not what is pending.
    "CREATE INDEX deadline_pending ON deadline (due_time) WHERE state = 'pending'",
    "CREATE TABLE request_id (
        caller TEXT NOT NULL, method TEXT NOT NULL, request_id TEXT NOT NULL,
        body_hash {bytes} NOT NULL, owner TEXT NOT NULL, id {uuid} NOT NULL, version BIGINT NOT NULL,
        create_time BIGINT NOT NULL,
        PRIMARY KEY (caller, method, request_id))",
    "CREATE INDEX request_id_create_time ON request_id (create_time)",
    "CREATE TABLE virtual_clock (id BIGINT NOT NULL PRIMARY KEY, time BIGINT NOT NULL)",
];

#[async_trait::async_trait]
#[expect(elided_lifetimes_in_paths, reason = "the trait's own signature is so, and async_trait needs the same")]
impl MigrationTrait for Tables {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        let postgres = manager.get_database_backend() == DbBackend::Postgres;
        let (uuid, bytes) = if postgres { ("UUID", "BYTEA") } else { ("BLOB", "BLOB") };
        for statement in TABLES {
            db.execute_unprepared(&statement.replace("{uuid}", uuid).replace("{bytes}", bytes)).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
