//! The parts that every process of the system needs: configuration, logs, traces, metrics,
//! background tasks, readiness and an orderly shutdown.
//!
//! | module | what it does |
//! |---|---|
//! | [`admin`] | Serves liveness, readiness and metrics over HTTP to operators. |
//! | [`config`] | Loads and validates the configuration from file, environment and flags. |
//! | [`lifecycle`] | Tracks readiness, runs background tasks and shuts the process down. |
//! | [`metrics`] | Registers metrics and encodes them for Prometheus. |
//! | [`private_files`] | Creates files that only their owner can read. |
//! | [`telemetry`] | Sets up logs and traces. |

pub mod admin;
pub mod config;
pub mod lifecycle;
pub mod metrics;
pub mod private_files;
pub mod telemetry;

pub use metrics::Metrics;
