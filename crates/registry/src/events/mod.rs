//! The events that the registry exchanges with other services: `incoming` applies received events,
//! `outgoing` builds the events to send.
pub(crate) mod incoming;
pub(crate) mod outgoing;
