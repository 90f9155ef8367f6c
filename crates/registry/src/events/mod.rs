//! The events that the registry exchanges with other services: `incoming` applies what it receives,
//! `outgoing` builds what it sends.
pub(crate) mod incoming;
pub(crate) mod outgoing;
