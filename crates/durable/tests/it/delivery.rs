//! Events between services: at least once on the wire, once in effect, in order, whatever fails.
use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use cpor_durable::{BusinessClock, Courier};
use cpor_kit::Metrics;
use cpor_proto::{events::v1::DeliverEventsRequest, operations::v1::StreamState, options::v1::Service as WireService};
use cpor_types::Service;

use crate::{
    mirror::Mood,
    pair::{Fate, Pair},
    stage::{Stage, on_both},
    toy::{command, counts, key, run_add, run_open},
};

on_both! {
    async fn what_happened_here_takes_effect_there(stage: Stage) {
        let pair = Pair::with_ticket(stage).await;
        for n in [1, 10, 100] {
            pair.add(n).await;
        }
        assert_eq!(pair.streams(StreamState::Pending).await[0].next_sequence, 4);
        assert_eq!(pair.drain().await, 3);
        assert_eq!(pair.mirrored(1).await, Some(111));
        let idle = pair.streams(StreamState::Idle).await;
        assert_eq!((idle[0].delivered_sequence, idle[0].attempts, idle[0].oldest_undelivered_time), (3, 0, None));
        assert_eq!(pair.drain().await, 0);
    }

    async fn actor_and_time_travel_along(stage: Stage) {
        let pair = Pair::with_ticket(stage).await;
        let earlier = crate::stage::start() - TimeDelta::hours(2);
        run_add(&pair.bench.writer, command(&key(1)).at(earlier), 1).await.unwrap();
        pair.drain().await;
        let (_, _, actor, effective, _) = crate::toy::history(&pair.mirror_stage.db, &key(1)).await.remove(0);
        assert_eq!((actor, effective), (crate::toy::alice().to_string(), earlier));
    }

    async fn many_streams_share_deliveries(stage: Stage) {
        let pair = Pair::new(stage).await;
        let titles: Vec<String> = (0..300).map(|n| n.to_string()).collect();
        pair.bench.together((0..200).map(|n| run_open(&pair.bench.writer, command(&key(n)), &titles[n as usize], None))).await;
        pair.bench.together((200..300).map(|n| run_open(&pair.bench.writer, command(&key(n)), &titles[n as usize], None))).await;
        pair.bench.together((0..200).map(|n| run_add_owned(&pair, n))).await;
        pair.bench.together((200..300).map(|n| run_add_owned(&pair, n))).await;
        assert_eq!(pair.drain().await, 300);
        assert_eq!(*pair.wire.calls.lock().unwrap(), [256, 44]);
        assert_eq!(counts(&pair.mirror_stage.db).await.len(), 300);
    }

    async fn no_answer_no_harm(stage: Stage) {
        let pair = Pair::with_ticket(stage).await;
        pair.fates([Fate::NeverArrives, Fate::AnswerIsLost, Fate::ArrivesTwice]);
        pair.add(1).await;
        assert_eq!(pair.drain().await, 0);
        assert_eq!(pair.mirrored(1).await, None);
        let pending = pair.streams(StreamState::Pending).await;
        assert_eq!((pending[0].attempts, pending[0].last_error.as_str()), (1, "the line is dead"));
        pair.later();
        assert_eq!(pair.drain().await, 0, "it has arrived, but nobody here knows");
        assert_eq!(pair.mirrored(1).await, Some(1));
        pair.add(10).await;
        pair.later();
        assert_eq!(pair.drain().await, 2);
        assert_eq!(pair.mirrored(1).await, Some(11));
    }

    async fn a_stream_that_was_not_answered_is_sent_again(stage: Stage) {
        let pair = Pair::with_ticket(stage).await;
        run_open(&pair.bench.writer, command(&key(2)), "two", None).await.unwrap();
        pair.add(1).await;
        run_add(&pair.bench.writer, command(&key(2)), 2).await.unwrap();
        pair.fates([Fate::AnswerIsShort]);
        assert_eq!(pair.drain().await, 1);
        pair.later();
        assert_eq!(pair.drain().await, 1);
        assert_eq!((pair.mirrored(1).await, pair.mirrored(2).await), (Some(1), Some(2)));
    }

    async fn a_busy_receiver_is_tried_again_and_a_panicking_one_too(stage: Stage) {
        let pair = Pair::with_ticket(stage).await;
        pair.add(1).await;
        for (mood, why) in [(Mood::Busy, "busy"), (Mood::Panicking, "the receiver panicked")] {
            pair.mood(mood);
            assert_eq!(pair.drain().await, 0);
            assert_eq!(pair.streams(StreamState::Pending).await[0].last_error, why);
            pair.later();
        }
        pair.mood(Mood::Well);
        assert_eq!(pair.drain().await, 1);
        assert_eq!(pair.mirrored(1).await, Some(1));
    }

    async fn a_refused_event_parks_its_stream_only_until_an_operator_retries(stage: Stage) {
        let pair = Pair::with_ticket(stage).await;
        pair.add(1).await;
        pair.mood(Mood::Confused);
        assert_eq!(pair.drain().await, 0);
        pair.mood(Mood::Well);
        run_open(&pair.bench.writer, command(&key(2)), "two", None).await.unwrap();
        run_add(&pair.bench.writer, command(&key(2)), 2).await.unwrap();
        pair.add(10).await;
        pair.later();
        assert_eq!(pair.drain().await, 1, "the other stream goes on");
        let parked = pair.streams(StreamState::Parked).await.remove(0);
        assert_eq!(parked.last_error, "what is that?");
        let operations = cpor_durable::OperationsServer::new([pair.host.clone()]);
        assert_eq!(operations.retry(&parked.name).await.unwrap().state(), StreamState::Pending);
        assert_eq!(pair.drain().await, 2);
        assert_eq!(pair.mirrored(1).await, Some(11));
        let again = operations.retry(&parked.name).await.unwrap_err();
        assert_eq!(cpor_kit::status::reason(&again).unwrap(), "STREAM_NOT_PARKED");
        let unknown = operations.retry("services/claim-intake/streams/nothing").await.unwrap_err();
        assert_eq!(cpor_kit::status::reason(&unknown).unwrap(), "STREAM_NOT_FOUND");
    }

    async fn a_request_that_cannot_be_read_parks_the_stream_to_blame(stage: Stage) {
        let pair = Pair::with_ticket(stage).await;
        run_open(&pair.bench.writer, command(&key(2)), "two", None).await.unwrap();
        pair.add(1).await;
        run_add(&pair.bench.writer, command(&key(2)), 2).await.unwrap();
        // Both together, then each alone: the first is to blame.
        pair.fates([Fate::Unreadable, Fate::Unreadable, Fate::Fine]);
        assert_eq!(pair.drain().await, 1);
        assert_eq!(pair.streams(StreamState::Parked).await.len(), 1);
        assert_eq!(pair.mirrored(2).await, Some(2));
    }

    async fn a_relay_that_has_lost_its_lease_does_not_advance(stage: Stage) {
        let pair = Arc::new(Pair::with_ticket(stage).await);
        pair.add(1).await;
        let held = pair.wire.held.lock().await;
        let slow = tokio::spawn({
            let pair = Arc::clone(&pair);
            async move { pair.drain().await }
        });
        pair.wire.arrived.notified().await;
        assert_eq!(pair.drain().await, 0, "leased: nobody else delivers");
        pair.stage.wall.advance_by(TimeDelta::seconds(10));
        pair.add(10).await;
        let other = tokio::spawn({
            let pair = Arc::clone(&pair);
            async move { pair.drain().await }
        });
        pair.wire.arrived.notified().await;
        drop(held);
        let (slow, other) = (slow.await.unwrap(), other.await.unwrap());
        assert_eq!(slow + other, 2, "each event is counted off once");
        assert_eq!(pair.mirrored(1).await, Some(11));
        assert_eq!(pair.streams(StreamState::Idle).await[0].delivered_sequence, 2);
    }

    /// As on PostgreSQL, where the next process is not alone and knows nobody's death.
    async fn what_a_killed_process_was_delivering_rests_for_ten_seconds(stage: Stage) {
        let pair = Arc::new(Pair::with_ticket(stage).await);
        pair.add(1).await;
        killed_while_delivering(&pair).await;
        let courier: Arc<dyn Courier> = pair.wire.clone();
        let other = pair.stage.host_on(pair.stage.other_process().await, BusinessClock::Virtual, courier).await;
        pair.stage.wall.advance_by(TimeDelta::seconds(10) - TimeDelta::microseconds(1));
        assert_eq!(other.relay().drain().await.unwrap(), 0);
        pair.stage.wall.advance_by(TimeDelta::microseconds(1));
        assert_eq!(other.relay().drain().await.unwrap(), 1);
        assert_eq!(pair.mirrored(1).await, Some(1), "it had arrived");
    }

    async fn a_receiver_that_was_set_back_is_not_told_lies(stage: Stage) {
        let pair = Pair::with_ticket(stage).await;
        pair.add(1).await;
        pair.drain().await;
        sea_orm::ConnectionTrait::execute_unprepared(pair.mirror_stage.db.writer(), "DELETE FROM inbox").await.unwrap();
        pair.add(10).await;
        assert_eq!(pair.drain().await, 0);
        assert_eq!(pair.streams(StreamState::Parked).await[0].last_error, "the receiver expects event 1, which is gone");
    }

    async fn what_a_dead_process_has_committed_is_delivered_by_the_next(stage: Stage) {
        let pair = Pair::with_ticket(stage).await;
        pair.add(1).await;
        pair.fates([Fate::AnswerIsLost]);
        assert_eq!(pair.drain().await, 0);
        pair.add(10).await;
        pair.later();
        let courier: Arc<dyn Courier> = pair.wire.clone();
        let next = pair.stage.host_on(pair.stage.reopened().await, BusinessClock::Virtual, courier).await;
        assert_eq!(next.relay().drain().await.unwrap(), 2);
        assert_eq!(pair.mirrored(1).await, Some(11));
    }

    async fn a_service_speaks_for_itself_only_and_to_who_is_there(stage: Stage) {
        let pair = Pair::with_ticket(stage).await;
        let request = DeliverEventsRequest { destination: WireService::Registry.into(), streams: vec![stream_of(WireService::PoeReview)] };
        let foreign = pair.wire.server.deliver(Service::ClaimIntake, request.clone()).await.unwrap_err();
        assert_eq!(foreign.code(), tonic::Code::PermissionDenied);
        let elsewhere = DeliverEventsRequest { destination: WireService::Eligibility.into(), ..request };
        let absent = pair.wire.server.deliver(Service::PoeReview, elsewhere).await.unwrap_err();
        assert_eq!(cpor_kit::status::reason(&absent).unwrap(), "SERVICE_NOT_HOSTED");
    }

    async fn in_the_background_an_unreachable_service_heals(stage: Stage) {
        let pair = Pair::with_ticket(stage).await;
        pair.fates([Fate::NeverArrives, Fate::AnswerIsLost]);
        let shutdown = cpor_kit::lifecycle::Shutdown::new(Duration::from_secs(1));
        let tasks = cpor_kit::lifecycle::Tasks::new(&shutdown, &Metrics::new(), Arc::new(cpor_types::SystemEntropy));
        pair.host.start(&tasks);
        pair.add(5).await;
        while !pair.streams(StreamState::Pending).await.is_empty() {
            pair.later();
            tokio::task::yield_now().await;
        }
        assert_eq!(pair.mirrored(1).await, Some(5));
        shutdown.drain();
        tasks.join().await;
    }
}

/// On SQLite the next process is alone: it does not wait for the leases of the one that was killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_process_leaves_nothing_to_wait_for() {
    let pair = Arc::new(Pair::with_ticket(Stage::sqlite().await).await);
    pair.add(1).await;
    killed_while_delivering(&pair).await;
    let courier: Arc<dyn Courier> = pair.wire.clone();
    let next = pair.stage.host_on(pair.stage.reopened().await, BusinessClock::Virtual, courier).await;
    let shutdown = cpor_kit::lifecycle::Shutdown::new(Duration::from_secs(1));
    let tasks = cpor_kit::lifecycle::Tasks::new(&shutdown, &Metrics::new(), Arc::new(cpor_types::SystemEntropy));
    next.start(&tasks);
    // Real time stands still here, so no lease runs out.
    let delivered = async {
        while !pair.streams(StreamState::Pending).await.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), delivered).await.unwrap();
    assert_eq!(pair.mirrored(1).await, Some(1));
    shutdown.drain();
    tasks.join().await;
}

/// Whoever is killed has sent something and not heard what came of it.
async fn killed_while_delivering(pair: &Arc<Pair>) {
    let held = pair.wire.held.lock().await;
    let killed = tokio::spawn({
        let pair = Arc::clone(pair);
        async move { pair.drain().await }
    });
    pair.wire.arrived.notified().await;
    killed.abort();
    assert!(killed.await.unwrap_err().is_cancelled());
    drop(held);
}

#[tokio::test]
async fn a_receiver_that_does_not_answer_is_given_up_on_sqlite() {
    a_receiver_that_does_not_answer_is_given_up(Stage::sqlite().await).await;
}

#[tokio::test]
async fn a_receiver_that_does_not_answer_is_given_up_on_postgres() {
    a_receiver_that_does_not_answer_is_given_up(Stage::postgres().await).await;
}

/// While the lease still lasts, which ends by a clock that stands still here. Tokio's is moved by hand.
async fn a_receiver_that_does_not_answer_is_given_up(stage: Stage) {
    let pair = Arc::new(Pair::with_ticket(stage).await);
    pair.add(1).await;
    let held = pair.wire.held.lock().await;
    let slow = tokio::spawn({
        let pair = Arc::clone(&pair);
        async move { pair.drain().await }
    });
    pair.wire.arrived.notified().await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(5)).await;
    tokio::time::resume();
    assert_eq!(slow.await.unwrap(), 0);
    let pending = pair.streams(StreamState::Pending).await;
    let failed = (pending[0].attempts, pending[0].last_error.as_str());
    assert_eq!(failed, (1, "the receiver did not answer in time"));
    drop(held);
    pair.later();
    assert_eq!(pair.drain().await, 1);
    assert_eq!(pair.mirrored(1).await, Some(1));
}

async fn run_add_owned(pair: &Pair, n: u128) -> crate::toy::Ended {
    run_add(&pair.bench.writer, command(&key(n)), 1).await
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
