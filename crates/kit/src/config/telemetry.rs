use serde::{Deserialize, Serialize};

use super::{Faults, fault::http_url};

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// One JSON object a line, for machines.
    Json,
    /// For people.
    #[default]
    Pretty,
}

/// Traces and logs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TelemetryConfig {
    /// Where spans go over OTLP/gRPC, for example `http://collector:4317`; absent: nowhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otlp_endpoint: Option<String>,
    /// The share of traces begun here that is recorded, 0 to 1; a caller's decision is followed.
    pub sample_ratio: f64,
    /// How log lines look.
    pub log_format: LogFormat,
    /// Which are written: `level` or `target=level`, separated by commas.
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
    /// The ratio is a ratio, the endpoint a URL, the filter readable.
    pub fn validate(&self, faults: &mut Faults) {
        faults.require((0.0..=1.0).contains(&self.sample_ratio), "sample_ratio", "must be between 0 and 1");
        if let Some(endpoint) = &self.otlp_endpoint {
            http_url(faults, "otlp_endpoint", endpoint);
        }
        if let Err(error) = self.log_filter.parse::<tracing_subscriber::filter::EnvFilter>() {
            faults.add("log_filter", error.to_string());
        }
    }
}
