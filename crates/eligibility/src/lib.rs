//! Eligibility: usage, program guides, whether an official association earns incentives, and how much (R50–R54).
//!
//! The registry tells of associations (`incoming`); each official one has an assessment (`domain`), which the
//! assessor keeps current (`assessor`) and claim-intake hears of (`outgoing`). What its months earn is written down in a
//! ledger in the same transaction (`domain::earning`, `store::earnings`).

mod api;
mod app;
mod assessor;
mod config;
mod domain;
mod incoming;
mod outgoing;
mod store;
#[cfg(test)]
mod world;

pub use app::{BuildError, build};
pub use config::Config;
pub use store::migration::migrations;
