//! The registry as its callers see it: real gRPC, tokens and all, on both databases, one or two replicas.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod catalog;
mod directory;
mod events;
mod expiry;
mod history;
mod holds;
mod legacy;
mod races;
mod rows;
mod stage;
mod succession;
