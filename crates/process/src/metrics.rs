//! The metrics of the process in one registry, encoded for Prometheus. Each metric is a family of
//! series that differ in their labels. Any module can add families.
use std::{
    any::Any,
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, atomic::AtomicU64},
};

use prometheus_client::{
    encoding::text::encode,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Metric, Registry},
};

/// The names and values of the labels of one series. Use only labels that have few values, so no
/// ids and nothing that a client can choose.
type Labels = Vec<(&'static str, String)>;
/// A metric with one gauge for each combination of labels.
type GaugeFamily = Family<Labels, Gauge<f64, AtomicU64>>;
/// A metric with one counter for each combination of labels.
type CounterFamily = Family<Labels, Counter>;
/// A metric with one histogram for each combination of labels.
type HistogramFamily = Family<Labels, Histogram, fn() -> Histogram>;

/// The bucket boundaries of histograms of durations, in seconds. They follow the list that the
/// OpenTelemetry conventions recommend, with these differences: 0.0005, 0.001, 0.0025 and 30 are
/// added, 0.75 and 7.5 are left out.
const DURATION_BUCKETS: [f64; 16] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// The metrics of the process. Clones share the registry.
#[derive(Clone, Default)]
pub struct Metrics(Arc<Inner>);

/// The registry that the clones of [`Metrics`] share.
#[derive(Default)]
struct Inner {
    /// The registered families, for encoding.
    registry: Mutex<Registry>,
    /// The registered families by name, for returning a family again.
    families: Mutex<HashMap<String, Box<dyn Any + Send + Sync>>>,
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

impl Metrics {
    /// Creates an empty registry.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the family of gauges with this name, for example `cpor_outbox_oldest_seconds`;
    /// creates it if it does not exist.
    #[must_use]
    pub fn gauge(&self, name: &str, help: &str) -> Gauges {
        Gauges(self.family(name, help, GaugeFamily::default))
    }

    /// Returns the family of counters with this name; creates it if it does not exist. The encoded
    /// name has the suffix `_total`.
    #[must_use]
    pub fn counter(&self, name: &str, help: &str) -> Counters {
        Counters(self.family(name, help, CounterFamily::default))
    }

    /// Returns the family of histograms of durations with this name; creates it if it does not
    /// exist.
    #[must_use]
    pub fn histogram(&self, name: &str, help: &str) -> Histograms {
        let new_histogram: fn() -> Histogram = || Histogram::new(DURATION_BUCKETS);
        Histograms(self.family(name, help, || Family::new_with_constructor(new_histogram)))
    }

    /// Encodes all metrics in the OpenMetrics text format.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut text = String::new();
        let registry = self.0.registry.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = encode(&mut text, &registry) {
            tracing::error!(%error, "cannot encode the metrics");
        }
        text
    }

    /// Returns the family with this name; creates and registers it if it does not exist. If a
    /// family of another kind has the name, the returned family is not registered.
    fn family<F: Metric + Clone + Any + Sync>(&self, name: &str, help: &str, create: impl FnOnce() -> F) -> F {
        let mut families = self.0.families.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(existing) = families.get(name) {
            if let Some(family) = existing.downcast_ref::<F>() {
                return family.clone();
            }
            tracing::error!(name, "a metric of another kind has this name; the new metric is not exported");
            return create();
        }
        let family = create();
        // The registry appends a full stop to the help text.
        self.0.registry.lock().unwrap_or_else(PoisonError::into_inner).register(
            name,
            help.trim_end_matches('.'),
            family.clone(),
        );
        families.insert(name.to_owned(), Box::new(family.clone()));
        family
    }
}

/// A family of gauges.
#[derive(Clone, Debug)]
pub struct Gauges(GaugeFamily);

impl Gauges {
    /// Sets the series with these labels.
    pub fn set(&self, labels: &[(&'static str, &str)], value: f64) {
        self.0.get_or_create(&to_labels(labels)).set(value);
    }

    /// Adds an amount, which may be negative, to the series with these labels.
    pub fn add(&self, labels: &[(&'static str, &str)], amount: f64) {
        self.0.get_or_create(&to_labels(labels)).inc_by(amount);
    }

    /// Removes the series with these labels.
    pub fn remove(&self, labels: &[(&'static str, &str)]) {
        self.0.remove(&to_labels(labels));
    }
}

/// A family of counters.
#[derive(Clone, Debug)]
pub struct Counters(CounterFamily);

impl Counters {
    /// Adds `amount` to the series with these labels.
    pub fn add(&self, labels: &[(&'static str, &str)], amount: u64) {
        self.0.get_or_create(&to_labels(labels)).inc_by(amount);
    }
}

/// A family of histograms.
#[derive(Clone, Debug)]
pub struct Histograms(HistogramFamily);

impl Histograms {
    /// Adds one duration, in seconds, to the series with these labels.
    pub fn observe(&self, labels: &[(&'static str, &str)], seconds: f64) {
        self.0.get_or_create(&to_labels(labels)).observe(seconds);
    }
}

/// Copies the label values.
fn to_labels(labels: &[(&'static str, &str)]) -> Labels {
    labels.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_name_returns_the_same_family() {
        let metrics = Metrics::new();
        metrics.gauge("cpor_outbox_oldest_age_seconds", "Age").set(&[("service", "claim-intake")], 1.5);
        metrics.gauge("cpor_outbox_oldest_age_seconds", "Age").set(&[("service", "registry")], 2.0);
        metrics.counter("cpor_sheds", "Sheds").add(&[], 2);
        metrics.histogram("cpor_wait_seconds", "Wait").observe(&[("kind", "a")], 0.002);
        let text = metrics.encode();
        assert!(text.contains("cpor_outbox_oldest_age_seconds{service=\"claim-intake\"} 1.5"), "{text}");
        assert!(text.contains("cpor_outbox_oldest_age_seconds{service=\"registry\"} 2.0"), "{text}");
        assert_eq!(text.matches("# TYPE cpor_outbox_oldest_age_seconds gauge").count(), 1, "{text}");
        assert!(text.contains("cpor_sheds_total{} 2"), "{text}");
        assert!(text.contains("cpor_wait_seconds_bucket{le=\"0.0025\",kind=\"a\"} 1"), "{text}");
    }

    #[test]
    fn a_name_keeps_its_first_kind() {
        let metrics = Metrics::new();
        metrics.gauge("cpor_a", "A").set(&[], 1.0);
        metrics.counter("cpor_a", "A").add(&[], 1);
        assert_eq!(metrics.encode().matches("# TYPE").count(), 1);
    }

    #[test]
    fn removed_series_are_not_encoded() {
        let metrics = Metrics::new();
        let gauge = metrics.gauge("cpor_a", "A");
        gauge.add(&[("x", "1")], 2.0);
        gauge.add(&[("x", "1")], -0.5);
        assert!(metrics.encode().contains("cpor_a{x=\"1\"} 1.5"));
        gauge.remove(&[("x", "1")]);
        assert!(!metrics.encode().contains("x=\"1\""));
    }
}
