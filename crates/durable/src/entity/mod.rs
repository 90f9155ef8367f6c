//! The SeaORM entities of this crate's tables, one module for each table.
//!
//! The tables `deadline` and `request_id` refer to aggregates of all kinds, whose tables belong to
//! the service, so they have no foreign keys.
pub(crate) mod deadline;
pub(crate) mod inbox;
pub(crate) mod outbox_event;
pub(crate) mod outbox_stream;
pub(crate) mod request_id;
pub(crate) mod virtual_clock;
