//! Events are delivered at least once, applied exactly once, and applied in order, in spite of
//! failures.
use cpor_testing::{Engine, on_both_databases};
use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use cpor_bulk_rows::Sql;
use cpor_durable::{Command, Host};
use cpor_process::{
    Metrics,
    lifecycle::{Shutdown, Tasks},
};
use cpor_proto::{
    events::v1::DeliverEventsRequest,
    operations::v1::{RetryStreamRequest, StreamState},
    options::v1::Service as WireService,
};
use cpor_types::{Actor, ActorSide, Clock as _, Service, SystemClock, SystemEntropy};
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};

use crate::{
    fixture::{Fixture, TestWriter},
    mirror::ReceiverBehavior,
    service_pair::{NetworkFault, ServicePair},
    tickets::{command, counts, key, run_add, run_open},
};

fn retry(name: &str) -> RetryStreamRequest {
    RetryStreamRequest { name: name.to_owned(), validate_only: false }
}

on_both_databases![with Fixture::new:
    events_are_applied_by_the_receiver,
    events_carry_actor_and_effective_time,
    many_streams_share_deliveries,
    lost_and_duplicated_requests_are_applied_once,
    a_stream_without_a_result_is_sent_again,
    a_receiver_that_fails_or_panics_is_retried,
    a_refused_event_parks_only_its_stream,
    an_undeclared_actor_parks_only_its_stream,
    an_unreadable_request_parks_the_faulty_stream,
    a_receiver_that_lost_its_inbox_parks_the_stream,
    foreign_streams_and_unknown_services_are_rejected,
    background_delivery_recovers_after_failures,
    a_notified_relay_that_finds_nothing_looks_again,
    a_failed_stream_is_retried_before_the_next_poll,
];

async fn events_are_applied_by_the_receiver(fixture: Fixture) {
    let services = ServicePair::with_ticket(fixture).await;
    for n in [1, 10, 100] {
        services.add(n).await;
    }
    assert_eq!(services.streams(StreamState::Pending).await[0].next_sequence, 4);
    assert_eq!(services.drain().await, 3);
    assert_eq!(services.mirrored_count(1).await, Some(111));
    let idle = services.streams(StreamState::Idle).await;
    assert_eq!((idle[0].delivered_sequence, idle[0].attempts, idle[0].oldest_undelivered_time), (3, 0, None));
    assert_eq!(services.drain().await, 0);
}

async fn events_carry_actor_and_effective_time(fixture: Fixture) {
    let services = ServicePair::with_ticket(fixture).await;
    let earlier = crate::fixture::start() - TimeDelta::hours(2);
    run_add(&services.test_writer.writer, command(&key(1)).effective_at(earlier), 1).await.unwrap();
    services.drain().await;
    let (_, _, actor, effective, _) = crate::tickets::history(&services.mirror_fixture.db, &key(1)).await.remove(0);
    assert_eq!((actor, effective), (crate::tickets::alice().to_text(), earlier));
}

async fn many_streams_share_deliveries(fixture: Fixture) {
    let services = ServicePair::new(fixture).await;
    let titles: Vec<String> = (0..300).map(|n| n.to_string()).collect();
    services
        .test_writer
        .run_in_one_batch(
            (0..200).map(|n| run_open(&services.test_writer.writer, command(&key(n)), &titles[n as usize], None)),
        )
        .await;
    services
        .test_writer
        .run_in_one_batch(
            (200..300).map(|n| run_open(&services.test_writer.writer, command(&key(n)), &titles[n as usize], None)),
        )
        .await;
    services.test_writer.run_in_one_batch((0..200).map(|n| run_add_owned(&services, n))).await;
    services.test_writer.run_in_one_batch((200..300).map(|n| run_add_owned(&services, n))).await;
    assert_eq!(services.drain().await, 300);
    assert_eq!(*services.network.stream_counts.lock().unwrap(), [256, 44]);
    assert_eq!(counts(&services.mirror_fixture.db).await.len(), 300);
}

async fn lost_and_duplicated_requests_are_applied_once(fixture: Fixture) {
    let services = ServicePair::with_ticket(fixture).await;
    services.faults([NetworkFault::RequestIsLost, NetworkFault::ResponseIsLost, NetworkFault::RequestIsDuplicated]);
    services.add(1).await;
    assert_eq!(services.drain().await, 0);
    assert_eq!(services.mirrored_count(1).await, None);
    let pending = services.streams(StreamState::Pending).await;
    assert_eq!((pending[0].attempts, pending[0].last_error.as_str()), (1, "connection lost"));
    services.skip_backoff();
    assert_eq!(services.drain().await, 0, "the event is applied, but the response is lost");
    assert_eq!(services.mirrored_count(1).await, Some(1));
    services.add(10).await;
    services.skip_backoff();
    assert_eq!(services.drain().await, 2);
    assert_eq!(services.mirrored_count(1).await, Some(11));
}

async fn a_stream_without_a_result_is_sent_again(fixture: Fixture) {
    let services = ServicePair::with_ticket(fixture).await;
    run_open(&services.test_writer.writer, command(&key(2)), "two", None).await.unwrap();
    services.add(1).await;
    run_add(&services.test_writer.writer, command(&key(2)), 2).await.unwrap();
    services.faults([NetworkFault::OnlyFirstStreamAnswered]);
    assert_eq!(services.drain().await, 1);
    services.skip_backoff();
    assert_eq!(services.drain().await, 1);
    assert_eq!((services.mirrored_count(1).await, services.mirrored_count(2).await), (Some(1), Some(2)));
}

async fn a_receiver_that_fails_or_panics_is_retried(fixture: Fixture) {
    let services = ServicePair::with_ticket(fixture).await;
    services.add(1).await;
    for (behavior, why) in [(ReceiverBehavior::Retry, "busy"), (ReceiverBehavior::Panic, "the receiver panicked")] {
        services.set_behavior(behavior);
        assert_eq!(services.drain().await, 0);
        assert_eq!(services.streams(StreamState::Pending).await[0].last_error, why);
        services.skip_backoff();
    }
    services.set_behavior(ReceiverBehavior::Accept);
    assert_eq!(services.drain().await, 1);
    assert_eq!(services.mirrored_count(1).await, Some(1));
}

async fn a_refused_event_parks_only_its_stream(fixture: Fixture) {
    let services = ServicePair::with_ticket(fixture).await;
    services.add(1).await;
    services.set_behavior(ReceiverBehavior::Park);
    assert_eq!(services.drain().await, 0);
    services.set_behavior(ReceiverBehavior::Accept);
    run_open(&services.test_writer.writer, command(&key(2)), "two", None).await.unwrap();
    run_add(&services.test_writer.writer, command(&key(2)), 2).await.unwrap();
    services.add(10).await;
    services.skip_backoff();
    assert_eq!(services.drain().await, 1, "the other stream is delivered");
    let parked = services.streams(StreamState::Parked).await.remove(0);
    assert_eq!(parked.last_error, "unknown event");
    let operations = cpor_durable::OperationsServer::new([services.host.clone()]);
    let preview = RetryStreamRequest { validate_only: true, ..retry(&parked.name) };
    assert_eq!(operations.handle_retry_stream(preview).await.unwrap().state(), StreamState::Pending);
    assert_eq!(services.streams(StreamState::Parked).await, std::slice::from_ref(&parked), "nothing has changed");
    assert_eq!(operations.handle_retry_stream(retry(&parked.name)).await.unwrap().state(), StreamState::Pending);
    assert_eq!(services.drain().await, 2);
    assert_eq!(services.mirrored_count(1).await, Some(11));
    for validate_only in [false, true] {
        let again = RetryStreamRequest { validate_only, ..retry(&parked.name) };
        let again = operations.handle_retry_stream(again).await.unwrap_err();
        assert_eq!(cpor_call::status::reason(&again).unwrap(), "STREAM_NOT_PARKED");
    }
    let unknown = operations.handle_retry_stream(retry("services/claim-intake/streams/nothing")).await.unwrap_err();
    assert_eq!(cpor_call::status::reason(&unknown).unwrap(), "STREAM_NOT_FOUND");
}

async fn an_undeclared_actor_parks_only_its_stream(fixture: Fixture) {
    let services = ServicePair::with_ticket(fixture).await;
    let writer = &services.test_writer.writer;
    run_open(writer, command(&key(2)), "two", None).await.unwrap();
    services.add(1).await;
    // No service has this name.
    let nobody = Actor::new(ActorSide::System, "nobody");
    run_add(writer, Command::new("toy", key(1), nobody), 10).await.unwrap();
    services.add(100).await;
    run_add(writer, command(&key(2)), 2).await.unwrap();
    assert_eq!(services.drain().await, 2, "the event before it and the other stream are delivered");
    assert_eq!((services.mirrored_count(1).await, services.mirrored_count(2).await), (Some(1), Some(2)));
    let parked = services.streams(StreamState::Parked).await.remove(0);
    let reason = "the event claim_closed cannot be caused by this actor of the side system";
    assert_eq!((parked.delivered_sequence, parked.last_error.as_str()), (1, reason));
}

async fn an_unreadable_request_parks_the_faulty_stream(fixture: Fixture) {
    let services = ServicePair::with_ticket(fixture).await;
    run_open(&services.test_writer.writer, command(&key(2)), "two", None).await.unwrap();
    services.add(1).await;
    run_add(&services.test_writer.writer, command(&key(2)), 2).await.unwrap();
    // The request with both streams fails, then the first stream alone fails.
    services.faults([NetworkFault::Unreadable, NetworkFault::Unreadable, NetworkFault::NoFault]);
    assert_eq!(services.drain().await, 1);
    assert_eq!(services.streams(StreamState::Parked).await.len(), 1);
    assert_eq!(services.mirrored_count(2).await, Some(2));
}

async fn a_receiver_that_lost_its_inbox_parks_the_stream(fixture: Fixture) {
    let services = ServicePair::with_ticket(fixture).await;
    services.add(1).await;
    services.drain().await;
    sea_orm::ConnectionTrait::execute_unprepared(services.mirror_fixture.db.writer(), "DELETE FROM inbox")
        .await
        .unwrap();
    services.add(10).await;
    assert_eq!(services.drain().await, 0);
    assert_eq!(
        services.streams(StreamState::Parked).await[0].last_error,
        "the receiver expects event 1, which has been deleted"
    );
}

async fn foreign_streams_and_unknown_services_are_rejected(fixture: Fixture) {
    let services = ServicePair::with_ticket(fixture).await;
    let request = DeliverEventsRequest {
        destination: WireService::Registry.into(),
        streams: vec![stream_of(WireService::PoeReview)],
    };
    let foreign = services.network.server.deliver(Service::ClaimIntake, request.clone()).await.unwrap_err();
    assert_eq!(foreign.code(), tonic::Code::PermissionDenied);
    let elsewhere = DeliverEventsRequest { destination: WireService::Eligibility.into(), ..request };
    let absent = services.network.server.deliver(Service::PoeReview, elsewhere).await.unwrap_err();
    assert_eq!(cpor_call::status::reason(&absent).unwrap(), "SERVICE_NOT_HOSTED");
}

async fn background_delivery_recovers_after_failures(fixture: Fixture) {
    let services = ServicePair::with_ticket(fixture).await;
    services.faults([NetworkFault::RequestIsLost, NetworkFault::ResponseIsLost]);
    let (shutdown, tasks) = start(&services.host);
    services.add(5).await;
    while !services.streams(StreamState::Pending).await.is_empty() {
        services.skip_backoff();
        tokio::task::yield_now().await;
    }
    assert_eq!(services.mirrored_count(1).await, Some(5));
    shutdown.drain();
    tasks.join().await;
}

/// Starts the background tasks of a host.
fn start(host: &Host) -> (Shutdown, Tasks) {
    let shutdown = Shutdown::new(Duration::from_secs(1));
    let tasks = Tasks::new(&shutdown, &Metrics::new(), Arc::new(SystemEntropy));
    host.start(&tasks);
    (shutdown, tasks)
}

/// Waits for `event`, but not until the next poll of a host that was just started. It polls every
/// 5 s.
async fn before_the_next_poll(event: impl Future<Output = ()>) {
    tokio::time::timeout(Duration::from_secs(4), event).await.unwrap();
}

async fn a_notified_relay_that_finds_nothing_looks_again(fixture: Fixture) {
    let services = ServicePair::with_ticket(fixture).await;
    let host = services.fixture.host_in_real_time(services.network.clone()).await;
    run_add(&TestWriter::unbatched(&host), command(&key(1)), 1).await.unwrap();
    // As if another relay had leased the stream.
    let db = services.fixture.db.writer();
    let mut lease = Sql::new(db.get_database_backend());
    lease.push("UPDATE outbox_stream SET ready_time = ").bind(SystemClock.now() + Duration::from_millis(150));
    db.execute_raw(lease.statement()).await.unwrap();
    let (shutdown, tasks) = start(&host);
    before_the_next_poll(async {
        while services.mirrored_count(1).await.is_none() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    shutdown.drain();
    tasks.join().await;
}

async fn a_failed_stream_is_retried_before_the_next_poll(fixture: Fixture) {
    let services = ServicePair::with_ticket(fixture).await;
    let host = services.fixture.host_in_real_time(services.network.clone()).await;
    run_add(&TestWriter::unbatched(&host), command(&key(1)), 1).await.unwrap();
    services.set_behavior(ReceiverBehavior::Retry);
    let (shutdown, tasks) = start(&host);
    // The relay is notified twice, by the commit and by the first poll, and may look again once.
    before_the_next_poll(async {
        while services.streams(StreamState::Pending).await[0].attempts < 4 {
            tokio::task::yield_now().await;
        }
        services.set_behavior(ReceiverBehavior::Accept);
        while services.mirrored_count(1).await.is_none() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    shutdown.drain();
    tasks.join().await;
}

/// Logs `synchronous_commit` at each commit that changes streams, and whether a relay made the
/// change. `local` is a default that the server itself does not have.
const LOG_SYNCHRONOUS_COMMIT: &str = "
    DO $$ BEGIN
        EXECUTE format('ALTER DATABASE %I SET synchronous_commit = local', current_database());
    END $$;
    CREATE TABLE commit_log (is_relay boolean, setting text);
    CREATE FUNCTION log_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO commit_log VALUES (
            TG_OP = 'UPDATE' AND NEW.next_sequence = OLD.next_sequence, current_setting('synchronous_commit'));
        RETURN NULL;
    END $$;
    CREATE CONSTRAINT TRIGGER log_commit AFTER INSERT OR UPDATE ON outbox_stream
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION log_commit();
";

/// Commits of the relay may be lost with the server, commits of commands may not. They use the same
/// connections.
#[tokio::test]
async fn postgres_flushes_commands_and_not_relays() {
    let mut fixture = Fixture::on(Engine::Postgres).await;
    fixture.db.writer().execute_unprepared(LOG_SYNCHRONOUS_COMMIT).await.unwrap();
    // Only new connections have the setting of the database.
    fixture.db = fixture.reopened().await;
    let services = ServicePair::with_ticket(fixture).await;
    for _ in 0..5 {
        services.add(1).await;
        assert_eq!(services.drain().await, 1);
    }
    let sql = "SELECT DISTINCT is_relay, setting FROM commit_log ORDER BY is_relay";
    let db = services.fixture.db.writer();
    let rows = db.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap();
    let settings: Vec<(bool, String)> =
        rows.iter().map(|row| (row.try_get("", "is_relay").unwrap(), row.try_get("", "setting").unwrap())).collect();
    assert_eq!(settings, [(false, "local".to_owned()), (true, "off".to_owned())]);
}

async fn run_add_owned(services: &ServicePair, n: u128) -> crate::tickets::TicketResult {
    run_add(&services.test_writer.writer, command(&key(n)), 1).await
}

fn stream_of(source: WireService) -> cpor_proto::events::v1::StreamBatch {
    let id = key(1).id.to_string();
    let stream = cpor_proto::events::v1::StreamId {
        source: source.into(),
        aggregate: "ticket".to_owned(),
        owner: "o".to_owned(),
        id,
    };
    cpor_proto::events::v1::StreamBatch { stream: Some(stream), events: Vec::new() }
}
