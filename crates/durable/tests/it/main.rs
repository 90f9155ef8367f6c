//! The crate through its public interface, on SQLite and on PostgreSQL.
#![expect(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "a test fails by panicking")]

mod clock;
mod deadlines;
mod delivery;
mod model;
mod operations;
mod replicas;
mod requests;
mod rows;
mod sequences;
mod stage;
mod toy;
mod writer;
