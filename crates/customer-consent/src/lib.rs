//! Customer consent: what the customer of a claim is told and says, and the window in which silence is consent (R40–R44).
//!
//! claim-intake tells when a claim is submitted, approved and closed ([`incoming`]). The customer is told by e-mail ([`notices`]) and
//! speaks through the link in it ([`page`]) or signed in ([`api`]). What follows is decided in [`domain`] and told back to claim-intake
//! ([`outgoing`]).

mod api;
mod app;
mod config;
mod consent_text;
mod consents;
mod domain;
mod events;
mod languages;
mod links;
mod notices;
mod page;
mod proto_time;
mod store;
#[cfg(test)]
mod test_system;
mod translation;

pub use app::{BuildError, build};
pub use config::Config;
pub use translation::TranslationError;

/// Everything that this service's database consists of, in order.
#[must_use]
pub fn migrations() -> Vec<Box<dyn sea_orm_migration::MigrationTrait>> {
    store::migrations()
}
