//! Events between this service and claim-intake, the service that owns the claims. [`incoming`]
//! applies the events that claim-intake sends, [`outgoing`] builds the events that claim-intake
//! receives.

pub(crate) mod incoming;
pub(crate) mod outgoing;
