//! Events on their way to other services: kept in the transaction that causes them, delivered at least once, in order.
mod append;
mod courier;
mod lease;
mod list;
mod relay;
mod settle;
mod stream;

pub(crate) use append::append;
pub use courier::{Courier, PeerCourier, Undelivered};
pub(crate) use list::{After, Filter, Listed, PENDING, find, list, parked, retry, undelivered};
pub use relay::Relay;
pub(crate) use relay::WORKERS;
pub(crate) use stream::OutboxKey;
