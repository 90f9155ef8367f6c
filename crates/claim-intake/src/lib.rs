//! Claim-intake: claims with their lines, evidence, comments and history. It is the hub: the state of a claim lives
//! here alone, and its commit order is final; the other services report facts and are told what became of the claim.
//!
//! The way of a command: `api` reads the message, `gather` asks what must be known, the writer has `domain` decide
//! and `store` save, and `outgoing` says what others are told. `api/submit_claim.rs` walks it in six steps. Events of
//! others take the same way from `incoming`.
mod api;
mod app;
mod call;
mod config;
pub mod domain;
mod evidence;
mod gather;
mod incoming;
mod intake;
mod notices;
mod outgoing;
mod poe_template;
mod store;
mod watches;
mod wire;

pub use api::receipt;
pub use app::{BuildError, build, build_with};
pub use config::Config;
pub use store::migration::migrations;
