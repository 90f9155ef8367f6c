//! The registry as its callers see it: real gRPC, tokens and all, on both databases, one or two replicas.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod directory;
mod events;
mod history;
mod holds;
mod races;
mod rows;
mod stage;
