//! The events that this service exchanges with others, mainly with claim-intake.
pub(crate) mod incoming;
pub(crate) mod outgoing;
mod parse;
