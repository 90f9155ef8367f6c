//! Events between this service and claim-intake. [`incoming`] applies the events that claim-intake
//! sends, [`outgoing`] builds the events that claim-intake receives.

pub(crate) mod incoming;
pub(crate) mod outgoing;
