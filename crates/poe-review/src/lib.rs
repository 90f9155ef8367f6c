//! Review of proofs of execution: who works on which submitted claim, and what they decide (R19-R24, R30-R32, R45).
//!
//! The way of a command: `api/` turns the message into a call on the domain; the writer loads the case, lets the
//! domain decide, and saves it with its deadlines and events in one transaction; the answer is the case as it is
//! then. Approving takes two such commands with one call of the registry between them (`approver.rs`), and
//! `resumer.rs` completes what was interrupted there. `arbiter.rs` carries
//! out what leads award, and `contender.rs` tells cases who their rivals are. Facts from claim-intake come in through `incoming.rs`; what
//! happens to a case leaves through `outgoing.rs`.
mod api;
mod app;
mod approver;
mod arbiter;
mod config;
mod contender;
pub mod domain;
mod incoming;
mod outgoing;
mod reminders;
mod resumer;
mod store;
mod wire;

pub use app::{BuildError, build};
pub use config::Config;

/// The migrations of this service's database, in order.
#[must_use]
pub fn migrations() -> Vec<Box<dyn sea_orm_migration::MigrationTrait>> {
    let machinery = cpor_durable::migrations().into_iter().chain([cpor_mail::migration()]);
    machinery.chain(store::migration::migrations()).collect()
}

#[cfg(test)]
mod tests;
