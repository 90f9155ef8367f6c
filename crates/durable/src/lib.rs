//! Durable processing of commands, events and deadlines, on SQLite and on PostgreSQL.
//!
//! The crate contains the writer (which commits waiting commands together), request ids, the outbox
//! with the relay that delivers its events, the inbox, and deadlines with the runner that applies
//! them. No committed change, event or deadline is lost, and none takes effect twice.
//!
//! A service implements [`Store`] for each kind of aggregate (a unit that is loaded, decided and
//! saved as a whole) and [`EventReceiver`] for the events of other services, and sends its commands
//! through a [`Writer`]. The process serves [`EventServer`] and [`OperationsServer`] for all the
//! services that it hosts.
mod aggregate;
mod clock;
mod command;
mod context;
mod deadline;
mod deadline_runner;
mod entity;
mod etag;
mod event_access;
mod event_server;
mod host;
mod hosted_service;
pub mod ids;
mod inbox;
mod maintenance;
mod metrics;
mod migration;
mod operations;
mod outbox;
mod receive;
mod registrations;
mod request_id;
pub mod rows;
mod service_context;
pub mod status;
mod store;
pub mod watch;
mod wire;
mod writer;

pub use aggregate::{Aggregate, AggregateKey, Change, PassedDeadline, RecordedEvent, Transition, Versioned};
pub use clock::BusinessClock;
pub use command::{Command, CommandError, CommandOutcome, RequestId, StreamKey, StreamPosition};
pub use deadline::DeadlineState;
pub use deadline_runner::DeadlineRunner;
pub use etag::Etag;
pub use event_access::EventAccessError;
pub use event_server::EventServer;
pub use host::{Host, HostParts};
pub use hosted_service::HostedService;
pub use inbox::Inbox;
pub use migration::migrations;
pub use operations::OperationsServer;
pub use outbox::{DeliveryError, EventTransport, GrpcEventTransport, Relay};
pub use receive::{EventReceiver, IncomingEvent, ReceiveError};
pub use request_id::{RequestIdReused, RequestLog};
pub use service_context::ServiceContext;
pub use status::RETRY_AFTER;
pub use store::{Conflicts, LoadedAggregates, OutgoingEvent, Store, StoreError, Tx};
pub use writer::{CommandResult, Writer, WriterSettings};
