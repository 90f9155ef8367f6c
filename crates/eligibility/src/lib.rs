//! The eligibility service: monthly usage, program guides, and whether and how much official
//! associations earn (R50 to R54). Rule numbers such as R50 refer to docs/rules.md.
//!
//! The registry reports official associations (`events::incoming`). Each one has an assessment
//! (`domain`), which the assessor keeps up to date (`assessor`) and whose verdicts are sent to the
//! claim-intake service (`events::outgoing`). What a month earns is recorded in a ledger in the
//! transaction that saves the assessment (`domain::earning`, `store::earnings`).

mod api;
mod app;
mod assessor;
mod config;
mod domain;
mod events;
mod store;
#[cfg(test)]
mod test_system;

pub use app::{BuildError, build};
pub use config::Config;
pub use store::migration::migrations;
