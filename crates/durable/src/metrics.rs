//! The metrics of the writer (which commits commands, several of them in one transaction: a
//! *batch*), of the relay (which delivers events to other services) and of the deadline runner. A
//! *stream* consists of the events of one aggregate (such as a claim) for one service. It is
//! *parked* if the receiver refused an event: it then waits for an operator.
use std::time::Duration;

use cpor_process::metrics::{Counters, Gauges, Histograms, Metrics};
use cpor_types::Service;

/// The metrics of one hosted service.
#[derive(Clone)]
pub(crate) struct HostMetrics {
    service: Service,
    /// Counts the transactions of the writers.
    batches: Counters,
    /// Counts the commands in these transactions.
    commands: Counters,
    /// Counts the transactions that failed.
    failed_batches: Counters,
    /// Counts commands that were rejected because too many were waiting.
    overloaded: Counters,
    /// Counts the deliveries of streams, by outcome.
    deliveries: Counters,
    /// Measures how long after their due times deadlines are applied.
    lateness: Histograms,
    outbox_age: Gauges,
    parked_streams: Gauges,
}

impl HostMetrics {
    /// Registers the metrics of `service`.
    pub(crate) fn new(service: Service, metrics: &Metrics) -> Self {
        Self {
            service,
            batches: metrics.counter("cpor_writer_batches", "Transactions that a writer attempted."),
            commands: metrics.counter("cpor_writer_commands", "Commands in the transactions that a writer attempted."),
            failed_batches: metrics.counter("cpor_writer_faults", "Transactions of a writer that failed."),
            overloaded: metrics.counter("cpor_writer_overloaded", "Commands rejected because too many were waiting."),
            deliveries: metrics.counter("cpor_outbox_deliveries", "Deliveries of one stream, by outcome."),
            lateness: metrics.histogram(
                "cpor_deadline_lateness_seconds",
                "Time between the due time of a deadline and the moment at which it is applied.",
            ),
            outbox_age: metrics.gauge(
                "cpor_outbox_oldest_seconds",
                "Age of the oldest undelivered event of a stream that is not parked.",
            ),
            parked_streams: metrics
                .gauge("cpor_outbox_parked_streams", "Streams that are parked until an operator retries them."),
        }
    }

    /// Counts an attempted transaction with this number of commands.
    pub(crate) fn count_batch(&self, aggregate: &str, commands: usize) {
        self.batches.add(&[("aggregate", aggregate)], 1);
        self.commands.add(&[("aggregate", aggregate)], commands as u64);
    }

    /// Counts a transaction that failed.
    pub(crate) fn count_failed_batch(&self, aggregate: &str) {
        self.failed_batches.add(&[("aggregate", aggregate)], 1);
    }

    /// Counts a command that was rejected because too many were waiting.
    pub(crate) fn count_overloaded(&self, aggregate: &str) {
        self.overloaded.add(&[("aggregate", aggregate)], 1);
    }

    /// Counts the streams whose delivery had this outcome: `delivered`, `failed` or `parked`.
    pub(crate) fn count_deliveries(&self, outcome: &'static str, streams: u64) {
        if streams > 0 {
            self.deliveries.add(&[("service", self.service.as_str()), ("outcome", outcome)], streams);
        }
    }

    /// Records how long after its due time a deadline is applied.
    pub(crate) fn observe_lateness(&self, aggregate: &str, lateness: Duration) {
        self.lateness.observe(&[("service", self.service.as_str()), ("aggregate", aggregate)], lateness.as_secs_f64());
    }

    /// Sets the age of the oldest undelivered event and the number of parked streams.
    pub(crate) fn set_outbox(&self, oldest_age: Duration, parked_streams: u64) {
        let labels = [("service", self.service.as_str())];
        self.outbox_age.set(&labels, oldest_age.as_secs_f64());
        #[expect(clippy::cast_precision_loss, reason = "a gauge is a float; no count of streams is that large")]
        self.parked_streams.set(&labels, parked_streams as f64);
    }
}
