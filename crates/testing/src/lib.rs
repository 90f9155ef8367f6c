//! The test harness that all crates share: databases, clocks, event transports, mailboxes, callers
//! and a server for one service.
//!
//! A test is an `async fn name(system: TestSystem)`. [`on_both_databases!`] runs it on SQLite and
//! on PostgreSQL, each time with a database of its own. A crate defines its `TestSystem`: which
//! service runs, with which sample data. Everything else comes from this crate.
//!
//! The tests of the whole system use the crate `cpor-acceptance`, which builds on this one.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed expectation in the test harness is a failed test"
)]

mod caller;
mod database;
mod events;
mod faulty_registry;
mod issuer;
mod keys;
mod mail;
mod mail_server;
mod parts;
mod postgres;
mod server;
mod status;

pub use caller::{AuthorizedChannel, BearerToken, caller, request_by, user_token};
pub use cpor_database::Engine;
pub use database::{TestDatabase, migrate, remove_leftovers, run_on, temporary_folder};
pub use events::{RecordingTransport, UnreachableTransport, incoming_event, stream_key};
pub use faulty_registry::FaultyRegistry;
pub use issuer::{IssuerKey, TestIssuer};
pub use keys::TestKeys;
pub use mail::{FakeMailTransport, Mail};
pub use mail_server::MailServer;
pub use parts::{host_parts, service_context};
pub use postgres::PostgresDatabase;
pub use server::TestServer;
pub use status::describe_status;

/// The allocator of all test binaries. Tests spend less time in it than in that of the C library.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
