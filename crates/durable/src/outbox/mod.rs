//! The outbox: events for other services are stored in the transaction that causes them, and
//! delivered from there at least once and in order.
mod append;
mod delivery_result;
mod lease;
mod list;
mod relay;
mod stream;
mod transport;

pub(crate) use append::{TracedEvent, append};
pub(crate) use list::{STREAMS, StreamFilter, StreamStatus, count_parked, find, list, list_undelivered, unpark};
pub use relay::Relay;
pub(crate) use relay::WORKERS_PER_DESTINATION;
pub(crate) use stream::OutboxStreamKey;
pub use transport::{DeliveryError, EventTransport, GrpcEventTransport};
