//! Interrupted deliveries: a lease expires, a process is killed, a receiver does not answer.
use cpor_testing::Engine;
use cpor_testing::on_both_databases;
use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use cpor_durable::{BusinessClock, EventTransport};
use cpor_process::Metrics;
use cpor_proto::operations::v1::StreamState;
use tokio::task::JoinHandle;

use crate::{
    fixture::Fixture,
    service_pair::{NetworkFault, ServicePair},
};

on_both_databases![with Fixture::new:
    a_relay_with_an_expired_lease_stores_no_result,
    leases_of_a_killed_process_expire_after_10_s,
    a_new_process_delivers_committed_events,
];

/// Starts a delivery whose request is applied and whose response is held back.
async fn start_delivery(services: &Arc<ServicePair>) -> JoinHandle<u64> {
    let delivering = Arc::clone(services);
    let delivery = tokio::spawn(async move { delivering.drain().await });
    services.network.request_applied.notified().await;
    delivery
}

async fn a_relay_with_an_expired_lease_stores_no_result(fixture: Fixture) {
    let services = Arc::new(ServicePair::with_ticket(fixture).await);
    services.add(1).await;
    let held = services.network.response_gate.lock().await;
    let slow = start_delivery(&services).await;
    assert_eq!(services.drain().await, 0, "the stream is leased");
    services.fixture.clock.advance_by(TimeDelta::seconds(10));
    services.add(10).await;
    let other = start_delivery(&services).await;
    drop(held);
    let (slow, other) = (slow.await.unwrap(), other.await.unwrap());
    assert_eq!(slow + other, 2, "each event is counted once");
    assert_eq!(services.mirrored_count(1).await, Some(11));
    assert_eq!(services.streams(StreamState::Idle).await[0].delivered_sequence, 2);
}

/// As on PostgreSQL, where a process cannot know that the holder of a lease has died.
async fn leases_of_a_killed_process_expire_after_10_s(fixture: Fixture) {
    let services = Arc::new(ServicePair::with_ticket(fixture).await);
    services.add(1).await;
    kill_while_delivering(&services).await;
    let event_transport: Arc<dyn EventTransport> = services.network.clone();
    let other =
        services.fixture.host_on(services.fixture.other_process().await, BusinessClock::Virtual, event_transport).await;
    services.fixture.clock.advance_by(TimeDelta::seconds(10) - TimeDelta::microseconds(1));
    assert_eq!(other.relay().deliver_pending().await.unwrap(), 0);
    services.fixture.clock.advance_by(TimeDelta::microseconds(1));
    assert_eq!(other.relay().deliver_pending().await.unwrap(), 1);
    assert_eq!(services.mirrored_count(1).await, Some(1), "the event was applied before the kill");
}

async fn a_new_process_delivers_committed_events(fixture: Fixture) {
    let services = ServicePair::with_ticket(fixture).await;
    services.add(1).await;
    services.faults([NetworkFault::ResponseIsLost]);
    assert_eq!(services.drain().await, 0);
    services.add(10).await;
    services.skip_backoff();
    let event_transport: Arc<dyn EventTransport> = services.network.clone();
    let next =
        services.fixture.host_on(services.fixture.reopened().await, BusinessClock::Virtual, event_transport).await;
    assert_eq!(next.relay().deliver_pending().await.unwrap(), 2);
    assert_eq!(services.mirrored_count(1).await, Some(11));
}

/// On SQLite, the next process releases the leases of the killed process instead of waiting for
/// their end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_releases_leases_of_a_killed_process() {
    let services = Arc::new(ServicePair::with_ticket(Fixture::on(Engine::Sqlite).await).await);
    services.add(1).await;
    kill_while_delivering(&services).await;
    let event_transport: Arc<dyn EventTransport> = services.network.clone();
    let next =
        services.fixture.host_on(services.fixture.reopened().await, BusinessClock::Virtual, event_transport).await;
    let shutdown = cpor_process::lifecycle::Shutdown::new(Duration::from_secs(1));
    let tasks = cpor_process::lifecycle::Tasks::new(&shutdown, &Metrics::new(), Arc::new(cpor_types::SystemEntropy));
    next.start(&tasks);
    // The fixture's clock stands still, so no lease expires.
    let delivered = async {
        while !services.streams(StreamState::Pending).await.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), delivered).await.unwrap();
    assert_eq!(services.mirrored_count(1).await, Some(1));
    shutdown.drain();
    tasks.join().await;
}

/// Kills a delivery whose request has been applied and whose response has not arrived.
async fn kill_while_delivering(services: &Arc<ServicePair>) {
    let held = services.network.response_gate.lock().await;
    let killed = tokio::spawn({
        let services = Arc::clone(services);
        async move { services.drain().await }
    });
    services.network.request_applied.notified().await;
    killed.abort();
    assert!(killed.await.unwrap_err().is_cancelled());
    drop(held);
}

#[tokio::test]
async fn a_silent_receiver_times_out_on_sqlite() {
    assert_silent_receiver_times_out(Fixture::on(Engine::Sqlite).await).await;
}

#[tokio::test]
async fn a_silent_receiver_times_out_on_postgres() {
    assert_silent_receiver_times_out(Fixture::on(Engine::Postgres).await).await;
}

/// The delivery times out while its lease lasts: the fixture's clock stands still, and Tokio's
/// clock is advanced.
async fn assert_silent_receiver_times_out(fixture: Fixture) {
    let services = Arc::new(ServicePair::with_ticket(fixture).await);
    services.add(1).await;
    let held = services.network.response_gate.lock().await;
    let slow = start_delivery(&services).await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(5)).await;
    tokio::time::resume();
    assert_eq!(slow.await.unwrap(), 0);
    let pending = services.streams(StreamState::Pending).await;
    let failed = (pending[0].attempts, pending[0].last_error.as_str());
    assert_eq!(failed, (1, "the receiver did not answer in time"));
    drop(held);
    services.skip_backoff();
    assert_eq!(services.drain().await, 1);
    assert_eq!(services.mirrored_count(1).await, Some(1));
}
