//! The harness of the acceptance tests. It runs the real services on real databases and calls them
//! through their API.
//!
//! A test is an `async fn(&TestSystem)` that [`both_databases!`] runs on SQLite and on PostgreSQL.
//! Each test has a system of its own, with the rows of a migrated template database and its own
//! virtual clock. On PostgreSQL, tests use copies of the template one after another, because its
//! rows are restored faster than it is copied. After the test the harness checks that all events
//! were delivered. Helpers that the tests of single crates need too, such as databases and
//! mailboxes, are in the crate `cpor-testing`.
//!
//! In the tests, `case` is a [`TestClaim`], `claim` is a message of the API, and `review` is the
//! review case of a claim.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a failed expectation in the test harness is a failed test"
)]

mod actor;
mod assertions;
mod browser;
mod claim_stage;
mod connections;
mod directory;
mod documents;
mod draft;
mod encoded_call;
mod methods;
mod node;
mod port;
mod recording;
mod run;
mod setup;
mod storage;
mod system;
mod template;
mod test_claim;
mod time;
mod warm_runtime;

pub use actor::{Actor, AuthorizedChannel};
pub use assertions::{
    assert_not_allowed, assert_refused, assert_violations, field_violations, metadata, reason, retry_after,
};
pub use browser::{Browser, Page, Session};
pub use claim_stage::ClaimStage;
pub use connections::Connections;
pub use cpor_testing::{Engine, Mail, MailServer};
pub use directory::{
    CONTOSO, FABRIKAM, FABRIKAM_CSP, FABRIKAM_SALES, LITWARE, NORTHWIND, TAILSPIN, TAILSPIN_POWER_BI, rows,
};
pub use documents::{DOCX, JPEG, PDF, PNG, PPTX, XLSX};
pub use draft::{contact, line};
pub use encoded_call::{call, decode, encode};
pub use methods::{EventKind, Method, event_kinds, methods};
pub use node::Node;
pub use port::ReservedPort;
pub use run::run;
pub use setup::{ProcessLayout, Setup};
pub use storage::TestStorage;
pub use system::TestSystem;
pub use template::StorageTemplate;
pub use test_claim::{ApiResult, TestClaim};
pub use time::{due_rule, from_timestamp, timestamp, to_timestamp};
