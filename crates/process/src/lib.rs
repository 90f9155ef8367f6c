//! The parts that every process of the system needs: configuration, logs, traces, metrics,
//! background tasks, readiness and an orderly shutdown.
//!
//! | module | what it does |
//! |---|---|
//! | [`admin`] | Serves liveness, readiness and metrics over HTTP to operators. |
//! | [`config`] | Loads and validates the configuration from file, environment and flags. |
//! | [`listener`] | Accepts connections within limits, and serves HTTP/1.1. |
//! | [`lifecycle`] | Tracks readiness, runs background tasks and shuts the process down. |
//! | [`metrics`] | Registers metrics and encodes them for Prometheus. |
//! | [`private_files`] | Creates files that only their owner can read. |
//! | [`quota`] | Limits what is in use at the same time, in all and by key. |
//! | [`rate_limit`] | Limits how often something is done, by key. |
//! | [`telemetry`] | Sets up logs and traces. |

pub mod admin;
pub mod config;
pub mod lifecycle;
pub mod listener;
pub mod metrics;
pub mod private_files;
pub mod quota;
pub mod rate_limit;
pub mod telemetry;
mod watched_file;

pub use metrics::Metrics;
pub use watched_file::{WatchedFile, WatchedFiles};
