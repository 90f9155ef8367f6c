//! Tests of the whole system through its API, on both databases.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::wildcard_enum_match_arm,
    reason = "a failed expectation is a failed test, and the printed seeds and counts explain it"
)]

mod api;
mod canaries;
mod crash_tests;
mod disclosure;
mod hostile;
mod identity;
mod lifecycle;
mod overload;
mod races;
mod restarts;
mod rules;
