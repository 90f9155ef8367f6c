//! Claim-intake is the service that stores and decides claims: their state, lines, evidence,
//! comments and history. The other services report facts about a claim to claim-intake, and
//! claim-intake sends them events when a claim changes. Rule numbers such as R46 refer to
//! docs/rules.md, and the terms are explained in docs/glossary.md.
//!
//! A command passes through these modules: `api` reads the request, `facts` asks the registry to
//! check the claim's content, the writer calls `domain` to decide and `store` to save, and
//! `events::outgoing` derives the events for the other services. `api/submit_claim.rs` describes
//! these steps in detail. An event of another service enters through `events::incoming` and
//! continues in the same way.
mod api;
mod app;
mod call;
mod config;
pub mod domain;
mod error;
mod events;
mod evidence;
mod facts;
pub mod history_check;
mod notices;
mod poe_template;
mod roots;
mod service;
mod store;

pub use app::{BuildError, build, build_with};
pub use config::Config;
pub use store::{append_only_tables, migration::migrations};
