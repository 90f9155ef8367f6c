//! The service customer-consent: notices (mails) to the customer of a claim, the customer's
//! decision, and the consent window, in which silence counts as consent (R40–R44).
//!
//! The service claim-intake, which owns the claims, reports when a claim is submitted, edited,
//! approved or closed ([`events`]). The customer gets notices by e-mail ([`notices`]) and approves
//! or declines through the link in a notice ([`page`]) or signed in ([`api`]). [`domain`] decides
//! how each of these changes the consent, and the decisions are reported to claim-intake
//! ([`events`]). Notices that bounce after they were accepted are reported by mail ([`bounces`]).
//!
//! Rule numbers such as R46 refer to `docs/rules.md`.

mod api;
mod app;
mod bounces;
mod config;
mod consent_text;
mod consents;
mod domain;
mod events;
mod holder_notices;
mod languages;
mod links;
mod notices;
mod page;
mod session_keys;
mod store;
#[cfg(test)]
mod test_system;
mod translation;

pub use app::{BuildError, build};
pub use config::{BounceConfig, Config};
pub use session_keys::{SessionKeysError, create_session_keys};
pub use store::migration::migrations;
pub use translation::TranslationError;
