//! What this crate tells about itself.
use std::time::Duration;

use cpor_kit::metrics::{Counters, Gauges, Histograms, Metrics};
use cpor_types::Service;

/// The metrics of writer, relay and runner.
#[derive(Clone)]
pub(crate) struct Meters {
    service: Service,
    batches: Counters,
    commands: Counters,
    faults: Counters,
    overloaded: Counters,
    deliveries: Counters,
    lateness: Histograms,
    outbox_age: Gauges,
    parked: Gauges,
}

impl Meters {
    pub(crate) fn new(service: Service, metrics: &Metrics) -> Self {
        Self {
            service,
            batches: metrics.counter("cpor_writer_batches", "Transactions that a writer tried."),
            commands: metrics.counter("cpor_writer_commands", "Commands in the transactions that a writer tried."),
            faults: metrics.counter("cpor_writer_faults", "Transactions of a writer that came to nothing."),
            overloaded: metrics.counter("cpor_writer_overloaded", "Commands refused because too many waited."),
            deliveries: metrics.counter("cpor_outbox_deliveries", "Deliveries of one stream, by outcome."),
            lateness: metrics.histogram("cpor_deadline_lateness_seconds", "How late deadlines are fired."),
            outbox_age: metrics
                .gauge("cpor_outbox_oldest_seconds", "Age of the oldest event neither delivered nor parked."),
            parked: metrics.gauge("cpor_outbox_parked_streams", "Streams that wait for an operator."),
        }
    }

    pub(crate) fn batch(&self, aggregate: &str, commands: usize) {
        self.batches.add(&[("aggregate", aggregate)], 1);
        self.commands.add(&[("aggregate", aggregate)], commands as u64);
    }

    pub(crate) fn fault(&self, aggregate: &str) {
        self.faults.add(&[("aggregate", aggregate)], 1);
    }

    pub(crate) fn overloaded(&self, aggregate: &str) {
        self.overloaded.add(&[("aggregate", aggregate)], 1);
    }

    pub(crate) fn deliveries(&self, outcome: &'static str, streams: u64) {
        if streams > 0 {
            self.deliveries.add(&[("service", self.service.as_str()), ("outcome", outcome)], streams);
        }
    }

    pub(crate) fn late(&self, aggregate: &str, late: Duration) {
        self.lateness.observe(&[("service", self.service.as_str()), ("aggregate", aggregate)], late.as_secs_f64());
    }

    pub(crate) fn outbox(&self, oldest: Duration, parked: u64) {
        let labels = [("service", self.service.as_str())];
        self.outbox_age.set(&labels, oldest.as_secs_f64());
        #[expect(clippy::cast_precision_loss, reason = "a gauge is a float; no count of streams is that large")]
        self.parked.set(&labels, parked as f64);
    }
}
