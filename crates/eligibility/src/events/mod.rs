//! The events that the eligibility service receives from the registry service and sends to the
//! claim-intake service.
pub(crate) mod incoming;
pub(crate) mod outgoing;
