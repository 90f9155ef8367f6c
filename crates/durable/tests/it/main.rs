//! Tests of the crate through its public interface, on SQLite and on PostgreSQL.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![expect(unreachable_pub, reason = "the macro of entities requires them to be pub")]

mod clock;
mod deadlines;
mod delivery;
mod fixture;
mod interruptions;
mod mirror;
mod model;
mod operations;
mod replicas;
mod requests;
mod rows;
mod sequences;
mod service_pair;
mod tables;
mod tickets;
mod writer;
