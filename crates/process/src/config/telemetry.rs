//! The `telemetry` section of the configuration.
use serde::{Deserialize, Serialize};

use super::ValidationErrors;

/// The format of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// One JSON object per line.
    Json,
    /// Text for people.
    #[default]
    Pretty,
}

/// The configuration of logs and traces.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TelemetryConfig {
    /// The OTLP/gRPC endpoint to which spans are exported, for example `http://collector:4317`.
    /// Without it, spans are not exported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otlp_endpoint: Option<String>,
    /// The share of the traces begun by this process that is exported, from 0 to 1. For traces that
    /// a client began, the client's decision is used.
    pub sample_ratio: f64,
    /// The format of log lines.
    pub log_format: LogFormat,
    /// Which log lines are written: `level` or `target=level` directives, separated by commas.
    pub log_filter: String,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self {
            otlp_endpoint: None,
            sample_ratio: 0.1,
            log_format: LogFormat::Pretty,
            log_filter: "info,sqlx=warn,sea_orm_migration=warn".to_owned(),
        }
    }
}

impl TelemetryConfig {
    /// Checks the range of the ratio, the form of the endpoint and the syntax of the filter.
    pub fn validate(&self, errors: &mut ValidationErrors) {
        errors.require((0.0..=1.0).contains(&self.sample_ratio), "sample_ratio", "must be between 0 and 1");
        if let Some(endpoint) = &self.otlp_endpoint {
            errors.require_http_url("otlp_endpoint", endpoint);
        }
        if let Err(error) = self.log_filter.parse::<tracing_subscriber::filter::EnvFilter>() {
            errors.add("log_filter", error.to_string());
        }
    }
}
