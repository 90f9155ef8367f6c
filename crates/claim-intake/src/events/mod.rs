//! Events between claim-intake and the other services. `incoming` applies the events of the other
//! services to claims. `outgoing` derives the events that claim-intake sends to them from the
//! changes of a claim.
mod incoming;
pub(crate) mod outgoing;
