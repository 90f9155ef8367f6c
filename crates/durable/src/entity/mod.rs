//! The SeaORM entities of this crate's tables, one module for each table.
//!
//! The tables `deadline` and `request_id` have no foreign keys, because they refer to aggregates
//! (units such as a claim that are saved as a whole) of all kinds, and the tables of the aggregates
//! belong to the service.
pub(crate) mod deadline;
pub(crate) mod inbox;
pub(crate) mod outbox_event;
pub(crate) mod outbox_stream;
pub(crate) mod request_id;
pub(crate) mod virtual_clock;
