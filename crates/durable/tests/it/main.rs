//! The crate through its public interface, on SQLite and on PostgreSQL.
#![expect(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "a test fails by panicking")]
#![expect(unreachable_pub, reason = "entities are pub, as their macro wants them")]

mod clock;
mod deadlines;
mod delivery;
mod interruptions;
mod mirror;
mod model;
mod operations;
mod pair;
mod replicas;
mod requests;
mod rows;
mod sequences;
mod stage;
mod tables;
mod toy;
mod writer;
