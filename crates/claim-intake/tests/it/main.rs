//! Tests of claim-intake through its API. Each test runs a server on a port of its own, with a
//! registry in memory, once on SQLite and once on PostgreSQL.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod directory_budget;
mod disputes;
mod edits;
mod events;
mod evidence;
mod evidence_protection;
mod fixture;
mod lists;
mod malware;
mod reported_facts;
mod requests;
mod submission;
mod upload_corpus;
