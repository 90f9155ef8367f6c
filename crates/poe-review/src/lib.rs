//! The poe-review service: reviewers examine the proof of execution (PoE) of submitted and disputed
//! claims, and approve or reject them.
//!
//! A request passes through `api/`, which turns it into a command on a review case. The writer
//! loads the case, calls its decision function in `domain/`, and saves the case with its deadlines
//! and events in one transaction (`store/`). Events from claim-intake arrive in
//! `events/incoming.rs`, and events for claim-intake are built in `events/outgoing.rs`.
//!
//! Two operations also call the registry service, which knows which partner holds which *key*
//! (workload or subscription of a customer). `approval_runner.rs` asks it to reserve the keys of an
//! approved claim. `arbitration_runner.rs` tells it which of several competing claims gets a key.
//! `approval_recovery.rs` completes the operations that were interrupted. `competition_detector.rs`
//! finds the competing claims (rivals) of each case.
//!
//! Rule numbers such as R46 refer to `docs/rules.md`.
mod api;
mod app;
mod approval_recovery;
mod approval_runner;
mod arbitration_runner;
mod competition_detector;
mod config;
pub mod domain;
mod error;
mod events;
mod reminders;
mod store;

pub use app::build;
pub use config::Config;
pub use error::BuildError;
pub use store::{append_only_tables, migration::migrations};

#[cfg(test)]
mod tests;
