//! What Prometheus scrapes: one registry for the process, and families that anybody may add to it.
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

/// Names and values that tell the series of one family apart. Keep the values few: no ids, nothing a caller chooses.
type Labels = Vec<(&'static str, String)>;
type GaugeFamily = Family<Labels, Gauge<f64, AtomicU64>>;
type CounterFamily = Family<Labels, Counter>;
type HistogramFamily = Family<Labels, Histogram, fn() -> Histogram>;

/// Seconds, from half a millisecond to half a minute; what the OpenTelemetry conventions advise, and finer below.
const SECONDS: [f64; 16] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// A handle on the process's metrics. Clones share them.
#[derive(Clone, Default)]
pub struct Metrics(Arc<Inner>);

#[derive(Default)]
struct Inner {
    registry: Mutex<Registry>,
    families: Mutex<HashMap<String, Box<dyn Any + Send + Sync>>>,
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

impl Metrics {
    /// No metrics yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Values that go up and down, for example `cpor_outbox_oldest_age_seconds`. The same name gets the same family.
    #[must_use]
    pub fn gauge(&self, name: &str, help: &str) -> Gauges {
        Gauges(self.family(name, help, GaugeFamily::default))
    }

    /// Counts of events. `_total` is added to the name where it is shown. The same name gets the same family.
    #[must_use]
    pub fn counter(&self, name: &str, help: &str) -> Counters {
        Counters(self.family(name, help, CounterFamily::default))
    }

    /// Distributions of seconds. The same name gets the same family.
    #[must_use]
    pub fn histogram(&self, name: &str, help: &str) -> Histograms {
        let make: fn() -> Histogram = || Histogram::new(SECONDS);
        Histograms(self.family(name, help, || Family::new_with_constructor(make)))
    }

    /// Everything in the OpenMetrics text format.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut text = String::new();
        let registry = self.0.registry.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = encode(&mut text, &registry) {
            tracing::error!(%error, "metrics cannot be written");
        }
        text
    }

    fn family<F: Metric + Clone + Any + Sync>(&self, name: &str, help: &str, make: impl FnOnce() -> F) -> F {
        let mut families = self.0.families.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = families.get(name) {
            if let Some(family) = known.downcast_ref::<F>() {
                return family.clone();
            }
            tracing::error!(name, "a metric of another kind has this name: this one is not shown");
            return make();
        }
        let family = make();
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
        self.0.get_or_create(&owned(labels)).set(value);
    }

    /// Adds to the series with these labels; a negative amount takes away.
    pub fn add(&self, labels: &[(&'static str, &str)], amount: f64) {
        self.0.get_or_create(&owned(labels)).inc_by(amount);
    }

    /// Forgets the series with these labels.
    pub fn remove(&self, labels: &[(&'static str, &str)]) {
        self.0.remove(&owned(labels));
    }
}

/// A family of counters.
#[derive(Clone, Debug)]
pub struct Counters(CounterFamily);

impl Counters {
    /// Counts `amount` events of the series with these labels.
    pub fn add(&self, labels: &[(&'static str, &str)], amount: u64) {
        self.0.get_or_create(&owned(labels)).inc_by(amount);
    }
}

/// A family of histograms.
#[derive(Clone, Debug)]
pub struct Histograms(HistogramFamily);

impl Histograms {
    /// Takes in one duration, in seconds, of the series with these labels.
    pub fn observe(&self, labels: &[(&'static str, &str)], seconds: f64) {
        self.0.get_or_create(&owned(labels)).observe(seconds);
    }
}

fn owned(labels: &[(&'static str, &str)]) -> Labels {
    labels.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_of_one_name_are_one() {
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
    fn a_removed_series_is_no_longer_shown() {
        let metrics = Metrics::new();
        let gauge = metrics.gauge("cpor_a", "A");
        gauge.add(&[("x", "1")], 2.0);
        gauge.add(&[("x", "1")], -0.5);
        assert!(metrics.encode().contains("cpor_a{x=\"1\"} 1.5"));
        gauge.remove(&[("x", "1")]);
        assert!(!metrics.encode().contains("x=\"1\""));
    }
}
