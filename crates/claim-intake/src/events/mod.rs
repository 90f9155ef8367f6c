//! Events between claim-intake and the other services. `incoming` converts their events to facts
//! about a claim, `outgoing` derives their events from the changes of a claim.
mod incoming;
pub(crate) mod outgoing;
