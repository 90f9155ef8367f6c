//! The technical base of every CPOR service: configuration, databases, authentication, the gRPC
//! server and clients, and the conventions of the API. Nothing in this crate knows what a claim is.
//!
//! | module | what it does |
//! |---|---|
//! | [`admin`] | Serves liveness, readiness and metrics over HTTP to operators. |
//! | [`auth`] | Verifies bearer tokens and enforces the access rules that the protos declare. |
//! | [`config`] | Loads and validates the configuration from file, environment and flags. |
//! | [`csv`] | Writes CSV lines for exports, safe to open in a spreadsheet. |
//! | [`db`] | Opens the SQLite or PostgreSQL database of one service. |
//! | [`filter`] | Parses the `filter` parameter of list requests (AIP-160). |
//! | [`json`] | Reads and writes protobuf messages as JSON. |
//! | [`lifecycle`] | Tracks readiness, runs background tasks and shuts the process down. |
//! | [`metrics`] | Registers metrics and encodes them for Prometheus. |
//! | [`order`] | Parses the `order_by` parameter of list requests (AIP-132). |
//! | [`page`] | Cuts lists into pages and creates page tokens (AIP-158). |
//! | [`peer`] | Opens authenticated gRPC channels to the other services. |
//! | [`redact`] | Prints protobuf messages without personal data. |
//! | [`request`] | Validates requests against the constraints that the protos declare. |
//! | [`server`] | Runs the gRPC server with its middleware stack. |
//! | [`status`] | Builds and reads gRPC errors with machine-readable details. |
//! | [`telemetry`] | Sets up logs and traces. |

pub mod admin;
pub mod auth;
pub mod config;
pub mod csv;
pub mod db;
mod descriptors;
pub mod filter;
pub mod json;
pub mod lifecycle;
pub mod metrics;
pub mod order;
pub mod page;
pub mod peer;
pub mod redact;
pub mod request;
pub mod server;
pub mod status;
pub mod telemetry;

pub use auth::Caller;
pub use db::{Db, Engine};
pub use metrics::Metrics;
pub use peer::Peers;
