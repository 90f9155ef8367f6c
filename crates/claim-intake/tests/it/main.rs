//! Claim-intake through its API: the real server on a port of its own, both databases, a registry in memory.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod disputes;
mod edits;
mod evidence;
mod facts;
mod lists;
mod reports;
mod requests;
mod stage;
mod submission;
