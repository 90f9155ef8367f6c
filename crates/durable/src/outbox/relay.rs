//! The relay: delivers the events of the outbox to other services.
//!
//! The events of one aggregate (such as a claim) for one service form a stream. Before a relay
//! delivers the events of a stream, it leases the stream for a short time, so that no other relay
//! delivers them. It parks a stream whose events cannot be applied; a parked stream is not
//! delivered until an operator retries it.
use std::{sync::Arc, time::Duration};

use cpor_database::Engine;
use cpor_process::lifecycle::Backoff;
use cpor_proto::events::v1::{DeliverEventsRequest, StreamBatch};
use cpor_types::{Service, Timestamp};
use sea_orm::DbErr;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    delivery_result::{DeliveryOutcome, DeliveryResult, save_results},
    lease::{LeasedStream, MAX_STREAMS, lease, list_destinations_with_due_streams, next_retry_time, release_all},
    stream::OutboxStreamKey,
    transport::{DeliveryError, EventTransport},
};
use crate::context::HostContext;

/// The maximum duration of a delivery, with all its calls. Streams for which no result has arrived
/// by then are delivered again.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(5);

/// The duration of a lease: the time of a delivery, and the same time again for storing its results
/// and for clocks that differ, so that two relays rarely deliver the same stream.
///
/// If two relays do, no event takes effect twice, because the receiver knows the last sequence of
/// each stream. The lease should be short, because on PostgreSQL the streams that a crashed process
/// had leased are not delivered until the lease ends.
const LEASE_DURATION: Duration = DELIVERY_TIMEOUT.saturating_mul(2);

/// The interval of polling, which finds streams that other processes have not delivered. New events
/// of this process are delivered on notification, and the streams that a relay could not deliver
/// when they are due for a retry.
const POLL_INTERVAL: Duration = Duration::from_secs(5);

/// The first delay after a failure. It doubles with every further failure.
const FIRST_RETRY_DELAY: Duration = Duration::from_millis(100);

/// The maximum delay after a failure.
const MAX_RETRY_DELAY: Duration = Duration::from_secs(15);

/// The shortest time that a relay waits for a retry. Streams that are due within this time are
/// delivered together.
const MIN_RETRY_WAIT: Duration = Duration::from_millis(50);

/// The time after which a relay looks once more for streams, if it was notified and found none. The
/// stream that it was notified of may have been locked by a transaction that was then rolled back,
/// or leased by a relay that stops.
const SECOND_LOOK_DELAY: Duration = Duration::from_millis(200);

/// The time that a relay waits before it leases streams, if it has just delivered several together.
/// More streams are then likely to follow, and streams that are delivered together cost less.
const BATCH_WAIT: Duration = Duration::from_millis(3);

/// The number of attempts to store the results of a delivery.
const MAX_SAVE_ATTEMPTS: u32 = 3;

/// The number of concurrent deliveries to one service.
pub(crate) const WORKERS_PER_DESTINATION: usize = 2;

/// Delivers the events of one service's outbox. Any number of relays may work on one outbox.
#[derive(Clone)]
pub struct Relay {
    context: Arc<HostContext>,
    event_transport: Arc<dyn EventTransport>,
}

impl std::fmt::Debug for Relay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Relay").field("service", &self.context.service).finish_non_exhaustive()
    }
}

/// The outcome of all deliveries to one service, until no stream can be delivered.
struct DeliverySummary {
    destination_state: DestinationState,
    /// The number of delivered events.
    events: u64,
    /// Whether there was a stream to deliver.
    has_leased: bool,
    /// Whether a stream waits for a retry, because its delivery failed.
    has_failed: bool,
    /// Whether the last delivery had several streams.
    is_busy: bool,
}

/// The state of a destination after one or more deliveries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DestinationState {
    /// The destination answers. The relay continues until no stream can be delivered.
    Reachable,
    /// The destination cannot be reached.
    Unreachable,
}

/// The results of a delivery that are not yet stored. They are stored in the transaction that takes
/// the next lease.
struct UnsavedDelivery {
    lease_token: Uuid,
    results: Vec<DeliveryResult>,
    destination_state: DestinationState,
}

/// Returns the maximum delay of a stream's next delivery after this number of failures.
fn max_retry_delay(attempts: u32) -> Duration {
    FIRST_RETRY_DELAY.saturating_mul(2_u32.saturating_pow(attempts.saturating_sub(1))).min(MAX_RETRY_DELAY)
}

/// The streams of one lease, with the token that identifies the lease.
type Lease = (Uuid, Vec<LeasedStream>);

impl Relay {
    pub(crate) fn new(context: Arc<HostContext>, event_transport: Arc<dyn EventTransport>) -> Self {
        Self { context, event_transport }
    }

    /// Delivers events to one service whenever it is notified, and when streams that it could not
    /// deliver are due for a retry, until `stop` is cancelled. Otherwise it runs no queries.
    ///
    /// # Errors
    /// Returns an error if the database fails. The caller may then call this again.
    pub(crate) async fn run(&self, destination: Service, stop: CancellationToken) -> Result<(), DbErr> {
        let result = self.deliver_until_stopped(destination, &stop).await;
        if result.is_err() {
            // The failed delivery has used up its notification. The next call repeats the delivery.
            self.context.notifications.relay(destination).notify_one();
        }
        result
    }

    /// Delivers as [`Relay::run`] does, and returns at the first error.
    async fn deliver_until_stopped(&self, destination: Service, stop: &CancellationToken) -> Result<(), DbErr> {
        self.release_stale_leases_once().await?;
        let mut backoff = Backoff::new(FIRST_RETRY_DELAY, MAX_RETRY_DELAY);
        let (mut waits_for_retry, mut next_look, mut is_busy) = (false, None, false);
        loop {
            let is_notified = tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = self.context.notifications.relay(destination).notified() => true,
                () = sleep_until(next_look) => false,
            };
            let mut delivery = self.deliver_all(destination, stop, is_busy).await?;
            let second_look = (is_notified && !delivery.has_leased).then(|| Instant::now() + SECOND_LOOK_DELAY);
            waits_for_retry |= delivery.has_failed;
            while delivery.destination_state == DestinationState::Unreachable {
                tokio::select! {
                    () = stop.cancelled() => return Ok(()),
                    () = tokio::time::sleep(backoff.next_delay(&*self.context.entropy)) => {}
                }
                delivery = self.deliver_all(destination, stop, false).await?;
                waits_for_retry |= delivery.has_failed;
            }
            is_busy = delivery.is_busy;
            backoff.reset();
            let next_retry = if waits_for_retry { self.next_retry(destination).await? } else { None };
            waits_for_retry = next_retry.is_some();
            next_look = [second_look, next_retry].into_iter().flatten().min();
        }
    }

    /// Returns the time at which the next stream that failed is due for a retry, if there is one.
    async fn next_retry(&self, destination: Service) -> Result<Option<Instant>, DbErr> {
        let retry_time = next_retry_time(self.context.db.reader(), destination).await?;
        let now = self.context.clock.now();
        let wait = |retry_time: Timestamp| (retry_time - now).to_std().unwrap_or_default().max(MIN_RETRY_WAIT);
        Ok(retry_time.map(|retry_time| Instant::now() + wait(retry_time)))
    }

    /// Releases the leases that a crashed process left, before this process takes its first lease.
    /// This happens only on SQLite, where no other process can hold a lease. On PostgreSQL, other
    /// replicas (processes that host the same service) may hold leases, so the stale ones have to
    /// expire.
    async fn release_stale_leases_once(&self) -> Result<(), DbErr> {
        self.context.stale_leases_released.get_or_try_init(|| self.release_stale_leases()).await.map(|_| ())
    }

    async fn release_stale_leases(&self) -> Result<(), DbErr> {
        if self.context.db.engine() == Engine::Postgres {
            return Ok(());
        }
        let tx = self.context.db.begin().await?;
        let released = release_all(&tx).await?;
        tx.commit().await?;
        if released > 0 {
            tracing::info!(service = %self.context.service, released, "released the leases of a process that crashed");
        }
        Ok(())
    }

    /// Notifies, at intervals, the relay tasks that have something to deliver, until `stop` is
    /// cancelled.
    ///
    /// # Errors
    /// Returns an error if the database fails. The caller may then call this again.
    pub(crate) async fn poll(&self, stop: CancellationToken) -> Result<(), DbErr> {
        self.release_stale_leases_once().await?;
        loop {
            for destination in
                list_destinations_with_due_streams(self.context.db.reader(), self.context.clock.now()).await?
            {
                self.context.notifications.relay(destination).notify_one();
            }
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(POLL_INTERVAL) => {}
            }
        }
    }

    /// Delivers all events that can be delivered now, to every service, and returns their number.
    /// Streams that are leased by another relay, that wait for a retry, or that are parked are not
    /// delivered.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn deliver_pending(&self) -> Result<u64, DbErr> {
        let stop = CancellationToken::new();
        let mut events = 0;
        for destination in
            list_destinations_with_due_streams(self.context.db.reader(), self.context.clock.now()).await?
        {
            events += self.deliver_all(destination, &stop, false).await?.events;
        }
        Ok(events)
    }

    /// Delivers to one service until no stream can be delivered, the service cannot be reached, or
    /// `stop` is cancelled. `is_busy` says whether the last delivery had several streams.
    async fn deliver_all(
        &self,
        destination: Service,
        stop: &CancellationToken,
        mut is_busy: bool,
    ) -> Result<DeliverySummary, DbErr> {
        let mut unsaved: Option<UnsavedDelivery> = None;
        let (mut events, mut has_failed) = (0, false);
        loop {
            let state = unsaved.as_ref().map(|unsaved| unsaved.destination_state);
            let continues = state != Some(DestinationState::Unreachable) && !stop.is_cancelled();
            if is_busy && continues {
                tokio::time::sleep(BATCH_WAIT).await;
            }
            let (count, leased) =
                self.save_and_lease_with_retries(unsaved.take(), continues.then_some(destination)).await?;
            events += count;
            let Some((lease_token, streams)) = leased else {
                let destination_state = state.unwrap_or(DestinationState::Reachable);
                let has_leased = state.is_some();
                is_busy &= has_leased;
                return Ok(DeliverySummary { destination_state, events, has_leased, has_failed, is_busy });
            };
            is_busy = streams.len() > 1;
            if streams.len() as u64 == MAX_STREAMS {
                // If there are more streams, another relay task can deliver them at the same time.
                self.context.notifications.relay(destination).notify_one();
            }
            let (mut results, destination_state) = self.deliver(destination, streams).await;
            // Rows are locked in the order in which the writers, which add events to the outbox,
            // lock them, to avoid deadlocks.
            results.sort_by(|left, right| left.stream.cmp(&right.stream));
            has_failed |= results.iter().any(|result| matches!(result.outcome, DeliveryOutcome::Failed(_)));
            unsaved = Some(UnsavedDelivery { lease_token, results, destination_state });
        }
    }

    /// Calls [`Relay::save_and_lease`] and retries it on errors. If the results cannot be stored,
    /// the same events are delivered again after the lease has ended.
    async fn save_and_lease_with_retries(
        &self,
        unsaved: Option<UnsavedDelivery>,
        destination: Option<Service>,
    ) -> Result<(u64, Option<Lease>), DbErr> {
        for _ in 1..MAX_SAVE_ATTEMPTS {
            match self.save_and_lease(unsaved.as_ref(), destination).await {
                Ok(saved) => return Ok(saved),
                Err(error) => tracing::warn!(%error, "the results of a delivery could not be stored; trying again"),
            }
            tokio::time::sleep(FIRST_RETRY_DELAY.mul_f64(self.context.entropy.fraction())).await;
        }
        self.save_and_lease(unsaved.as_ref(), destination).await
    }

    /// Stores the results of one delivery and leases the streams of the next, in one transaction.
    /// The transaction is committed before anything is sent. Returns the number of delivered events
    /// and the new lease.
    async fn save_and_lease(
        &self,
        unsaved: Option<&UnsavedDelivery>,
        destination: Option<Service>,
    ) -> Result<(u64, Option<Lease>), DbErr> {
        let tx = self.context.db.begin().await?;
        let now = self.context.clock.now();
        let mut events = 0;
        if let Some(UnsavedDelivery { lease_token, results, .. }) = unsaved {
            events = save_results(&tx, *lease_token, results, |attempts| self.retry_time(now, attempts)).await?;
        }
        let mut leased = None;
        if let Some(destination) = destination {
            let lease_token = self.context.entropy.uuid();
            let streams = lease(&tx, destination, lease_token, now, now + LEASE_DURATION).await?;
            leased = (!streams.is_empty()).then_some((lease_token, streams));
        }
        tx.commit().await?;
        self.report(unsaved.map_or(&[][..], |unsaved| &unsaved.results));
        self.context.activity.add_delivered_events(events);
        Ok((events, leased))
    }

    /// Logs and counts the results of a delivery.
    fn report(&self, results: &[DeliveryResult]) {
        log_results(results);
        let count = |matches: fn(&DeliveryOutcome) -> bool| {
            results.iter().filter(|result| matches(&result.outcome)).count() as u64
        };
        let metrics = &self.context.metrics;
        metrics.count_deliveries("delivered", count(|outcome| matches!(outcome, DeliveryOutcome::Delivered)));
        metrics.count_deliveries("failed", count(|outcome| matches!(outcome, DeliveryOutcome::Failed(_))));
        metrics.count_deliveries("parked", count(|outcome| matches!(outcome, DeliveryOutcome::Parked(_))));
    }

    /// Returns the time of a stream's next delivery after `attempts` failures: a random delay whose
    /// maximum doubles with every failure.
    fn retry_time(&self, now: Timestamp, attempts: u32) -> Timestamp {
        now + max_retry_delay(attempts).mul_f64(self.context.entropy.fraction())
    }

    /// Sends the events of the leased streams. Returns one result for each stream, and the state of
    /// the destination.
    async fn deliver(
        &self,
        destination: Service,
        streams: Vec<LeasedStream>,
    ) -> (Vec<DeliveryResult>, DestinationState) {
        let latest_end = Instant::now() + DELIVERY_TIMEOUT;
        let (sendable, empty): (Vec<_>, Vec<_>) = streams.into_iter().partition(|stream| !stream.events.is_empty());
        let mut results: Vec<DeliveryResult> = empty.iter().map(result_without_events).collect();
        match self.send(destination, &sendable, latest_end).await {
            Ok(sent) => results.extend(sent),
            Err(DeliveryError::Unreachable(reason)) => {
                let failed = |stream| DeliveryResult::none_delivered(stream, DeliveryOutcome::Failed(reason.clone()));
                results.extend(sendable.iter().map(failed));
                return (results, DestinationState::Unreachable);
            }
            // One of the streams makes the request unreadable. Sent alone, that stream is parked,
            // and the others are delivered.
            Err(DeliveryError::Unreadable(_)) => {
                for stream in &sendable {
                    results.push(self.send_alone(destination, stream, latest_end).await);
                }
            }
        }
        (results, DestinationState::Reachable)
    }

    /// Sends the events of one stream in a request of their own. Parks the stream if the request is
    /// unreadable.
    async fn send_alone(&self, destination: Service, stream: &LeasedStream, latest_end: Instant) -> DeliveryResult {
        let failed = |outcome| DeliveryResult::none_delivered(stream, outcome);
        match self.send(destination, std::slice::from_ref(stream), latest_end).await {
            Ok(mut results) => results.pop().unwrap_or_else(|| failed(no_result())),
            Err(DeliveryError::Unreachable(reason)) => failed(DeliveryOutcome::Failed(reason)),
            Err(DeliveryError::Unreadable(reason)) => failed(DeliveryOutcome::Parked(reason)),
        }
    }

    /// Sends the events of some streams in one request. Returns one result for each stream, in the
    /// same order.
    async fn send(
        &self,
        destination: Service,
        streams: &[LeasedStream],
        latest_end: Instant,
    ) -> Result<Vec<DeliveryResult>, DeliveryError> {
        if streams.is_empty() {
            return Ok(Vec::new());
        }
        if Instant::now() >= latest_end {
            return Err(timed_out());
        }
        let source = self.context.service;
        let batch = |stream: &LeasedStream| StreamBatch {
            stream: Some(stream.stream.to_wire(source)),
            events: stream.events.clone(),
        };
        let batches = streams.iter().map(batch).collect();
        let request =
            DeliverEventsRequest { destination: crate::wire::service_to_wire(destination).into(), streams: batches };
        let response =
            timeout_at(latest_end, self.event_transport.deliver(request)).await.map_err(|_elapsed| timed_out())??;
        let mut stream_results = response.results.into_iter();
        Ok(streams
            .iter()
            .map(|stream| match stream_results.next() {
                Some(result) => DeliveryResult::from_response(stream, result),
                None => DeliveryResult::none_delivered(stream, no_result()),
            })
            .collect())
    }
}

/// Waits until `time`, or for ever if there is no time.
async fn sleep_until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}

fn timed_out() -> DeliveryError {
    DeliveryError::Unreachable("the receiver did not answer in time".to_owned())
}

fn no_result() -> DeliveryOutcome {
    DeliveryOutcome::Failed("the receiver returned no result for this stream".to_owned())
}

/// Returns the result for a stream that was leased without events. If the events of other streams
/// have used up the limits of the delivery, the stream is released at once. If its next event
/// cannot be read, the stream is parked.
fn result_without_events(stream: &LeasedStream) -> DeliveryResult {
    let outcome = stream.unreadable_reason.clone().map_or(DeliveryOutcome::Delivered, DeliveryOutcome::Parked);
    DeliveryResult::none_delivered(stream, outcome)
}

/// Logs each stream that was parked, and one warning if deliveries begin to fail.
fn log_results(results: &[DeliveryResult]) {
    for result in results {
        if let DeliveryOutcome::Parked(reason) = &result.outcome {
            let OutboxStreamKey { key, aggregate, destination } = &result.stream;
            let (owner, id) = (&key.owner, key.id);
            tracing::error!(%destination, aggregate, owner, %id, reason, "a stream is parked until an operator retries it");
        }
    }
    let is_first_failure =
        |result: &&DeliveryResult| result.attempts == 1 && matches!(result.outcome, DeliveryOutcome::Failed(_));
    let first_failure = results.iter().find(is_first_failure);
    if let Some(DeliveryResult { stream, outcome: DeliveryOutcome::Failed(reason), .. }) = first_failure {
        let streams = results.iter().filter(is_first_failure).count();
        tracing::warn!(destination = %stream.destination, streams, reason, "events could not be delivered; trying again");
    }
}
