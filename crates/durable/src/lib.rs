//! What one transaction needs so that nothing is lost and nothing happens twice: the writer with group commit, request
//! ids, the outbox with its relay, the inbox, and deadlines with their runner, on SQLite and on PostgreSQL.
//!
//! A service implements [`Store`] for each kind of aggregate and [`Receiver`] for the events of others; commands go
//! through a [`Writer`]. The process serves [`EventServer`] and [`OperationsServer`] for all services that it hosts.
mod aggregate;
mod clock;
mod command;
mod deadline;
mod event_server;
mod host;
mod inbox;
mod keeper;
mod meters;
mod migration;
mod operations;
mod outbox;
mod receive;
mod request_id;
pub mod rows;
pub mod service;
mod store;
mod wire;
mod writer;

pub use aggregate::{Aggregate, Change, Elapsed, Key, Recorded, Transition, Versioned};
pub use clock::BusinessClock;
pub use command::{Command, Committed, Failure, Position, RequestId, StreamKey};
pub use deadline::{DeadlineState, Runner};
pub use event_server::EventServer;
pub use host::{Host, Parts};
pub use inbox::Inbox;
pub use migration::migrations;
pub use operations::OperationsServer;
pub use outbox::{Courier, PeerCourier, Relay, Undelivered};
pub use receive::{Incoming, ReceiveError, Receiver};
pub use rows::Micros;
pub use service::{Context, Hosted};
pub use store::{Clashes, Loaded, Outgoing, Store, StoreError, Tx};
pub use writer::{Outcome, Writer, WriterSettings};
