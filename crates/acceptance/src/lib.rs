//! The test kit: the real services on real databases, driven through their API as callers see it.
//!
//! A test is an `async fn(&World)` that [`both_databases!`] runs on SQLite and on PostgreSQL. Its world is one system of its own, booted
//! from migrated templates, on its own virtual clock; when the test is done, everything must have been delivered.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test kit: an expectation that fails here is a failed test"
)]

mod actor;
mod backend;
mod browser;
mod case;
mod directory;
mod draft;
mod expect;
mod mail_server;
mod mailbox;
mod methods;
mod node;
mod poe;
mod port;
mod raw;
mod run;
mod setup;
mod template;
mod time;
mod walk;
mod wire;
mod world;

pub use actor::{Actor, Authorised, Badge};
pub use backend::{Backend, Store};
pub use browser::{Browser, Page};
pub use case::{Answer, Case};
pub use directory::{
    CONTOSO, FABRIKAM, FABRIKAM_CSP, FABRIKAM_SALES, LITWARE, NORTHWIND, TAILSPIN, TAILSPIN_POWER_BI, rows,
};
pub use draft::{contact, line};
pub use expect::{faults, metadata, not_allowed, reason, refused, retry_after, violates};
pub use mail_server::MailServer;
pub use mailbox::Mail;
pub use methods::{Method, methods};
pub use node::Node;
pub use poe::{DOCX, JPEG, PDF, PNG, PPTX, XLSX};
pub use port::Port;
pub use raw::{call, decode, encode};
pub use run::run;
pub use setup::{Layout, Setup};
pub use template::Template;
pub use time::{at, moment, stamp};
pub use walk::Stage;
pub use wire::Wire;
pub use world::World;
