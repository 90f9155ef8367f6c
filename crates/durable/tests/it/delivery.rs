//! Events between services: at least once on the wire, once in effect, in order, whatever fails.
use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use cpor_kit::Metrics;
use cpor_proto::{events::v1::DeliverEventsRequest, operations::v1::StreamState, options::v1::Service as WireService};
use cpor_types::Service;

use crate::{
    mirror::Mood,
    pair::{Fate, Pair},
    stage::on_both,
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

    async fn a_receiver_that_was_set_back_is_not_told_lies(stage: Stage) {
        let pair = Pair::with_ticket(stage).await;
        pair.add(1).await;
        pair.drain().await;
        sea_orm::ConnectionTrait::execute_unprepared(pair.mirror_stage.db.writer(), "DELETE FROM inbox").await.unwrap();
        pair.add(10).await;
        assert_eq!(pair.drain().await, 0);
        assert_eq!(pair.streams(StreamState::Parked).await[0].last_error, "the receiver expects event 1, which is gone");
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
