//! The events that the eligibility service receives from the registry and sends to claim-intake.
pub(crate) mod incoming;
pub(crate) mod outgoing;
