//! The harness of the acceptance tests. It runs the real services on real databases and calls them
//! through their API.
//!
//! A test is an `async fn(&World)` that [`both_databases!`] runs on SQLite and on PostgreSQL. Each
//! test has a system of its own, with a copy of a migrated template database and its own virtual
//! clock. After the test the harness checks that all events were delivered.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a failed expectation in the test harness is a failed test"
)]

mod actor;
mod backend;
mod browser;
mod case;
mod connections;
mod directory;
mod documents;
mod draft;
mod encoded_call;
mod expect;
mod mail_server;
mod mailbox;
mod methods;
mod node;
mod port;
mod run;
mod setup;
mod template;
mod time;
mod walk;
mod world;

pub use actor::{Actor, AuthorizedChannel, BearerToken};
pub use backend::{Backend, Store};
pub use browser::{Browser, Page};
pub use case::{Answer, Case};
pub use connections::Connections;
pub use directory::{
    CONTOSO, FABRIKAM, FABRIKAM_CSP, FABRIKAM_SALES, LITWARE, NORTHWIND, TAILSPIN, TAILSPIN_POWER_BI, rows,
};
pub use documents::{DOCX, JPEG, PDF, PNG, PPTX, XLSX};
pub use draft::{contact, line};
pub use encoded_call::{call, decode, encode};
pub use expect::{faults, metadata, not_allowed, reason, refused, retry_after, violates};
pub use mail_server::MailServer;
pub use mailbox::Mail;
pub use methods::{Method, methods};
pub use node::Node;
pub use port::Port;
pub use run::run;
pub use setup::{ProcessLayout, Setup};
pub use template::Template;
pub use time::{at, moment, stamp};
pub use walk::Stage;
pub use world::World;
