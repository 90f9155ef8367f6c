//! Tests of the crate through its public interface, on SQLite and on PostgreSQL.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![expect(unreachable_pub, reason = "the macro of entities requires them to be pub")]

mod databases;
mod entities;
mod references;
mod row_reader;
mod rows;
mod times;
