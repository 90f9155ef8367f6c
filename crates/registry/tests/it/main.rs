//! Integration tests of the registry: they call it over gRPC with tokens, on SQLite (one replica)
//! and on PostgreSQL (two replicas).
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod catalog;
mod directory;
mod events;
mod expiry;
mod fixture;
mod history;
mod holds;
mod legacy;
mod races;
mod rows;
mod succession;
