//! Eligibility: usage, program guides, and whether an official association earns incentives (R50–R53).
//!
//! The registry tells of associations (`incoming`); each official one has an assessment (`domain`), which the
//! assessor keeps current (`assessor`) and claim-intake hears of (`outgoing`).

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
