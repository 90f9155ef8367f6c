//! Everything that the system promises, through its API, on both databases.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests: what fails here is a failed test")]

mod api;
mod identity;
mod kills;
mod races;
mod rules;
mod walks;
