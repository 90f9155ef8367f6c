//! Tests of claim-intake through its API. Each test runs a server on a port of its own, with a
//! registry in memory, once on SQLite and once on PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod disputes;
mod edits;
mod events;
mod evidence;
mod fixture;
mod lists;
mod reported_facts;
mod requests;
mod submission;
