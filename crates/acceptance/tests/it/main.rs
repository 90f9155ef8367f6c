//! Everything that the system promises, through its API, on both databases.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::wildcard_enum_match_arm,
    reason = "tests: what fails here is a failed test, and what is printed explains it"
)]

mod api;
mod identity;
mod kills;
mod races;
mod rules;
mod walks;
