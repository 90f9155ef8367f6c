//! The eligibility service: monthly usage, program guides (the conditions and rates of payment),
//! and whether and how much official associations earn (R50 to R54). An official association is a
//! partner on record for workloads or subscriptions of a customer. Rule numbers such as R50 refer
//! to docs/rules.md.
//!
//! The registry reports official associations (`events::incoming`). Each one has an assessment
//! (`domain`). The assessor keeps assessments up to date (`assessor`), and their verdicts are sent
//! to the claim-intake service (`events::outgoing`). The earnings of a month are recorded in a
//! ledger, in the transaction that saves the assessment (`domain::earning`, `store::earnings`).

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
pub use store::{append_only_tables, migration::migrations};
