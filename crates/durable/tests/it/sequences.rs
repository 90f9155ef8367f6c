//! Positions in incoming streams: each event once, and in order.
use cpor_durable::{Failure, Position, StreamKey};
use cpor_types::Service;
use uuid::Uuid;

use crate::{
    stage::{Bench, on_both},
    toy::{Boxed, Refusal, command, counts, key, run_add, run_open},
};

fn at(sequence: u64) -> Position {
    let stream =
        StreamKey { source: Service::PoeReview, aggregate: "case".to_owned(), owner: "t".to_owned(), id: Uuid::nil() };
    Position { stream, sequence }
}

on_both! {
    async fn duplicates_are_acknowledged_and_gaps_are_told(stage: Stage) {
        let bench = Bench::new(&stage.host().await);
        run_open(&bench.writer, command(&key(1)), "one", None).await.unwrap();
        let take = |sequence| run_add(&bench.writer, command(&key(1)).position(at(sequence)), 1);
        assert_eq!(take(2).await, Err(Failure::Gap { expected: 1 }));
        assert!(!take(1).await.unwrap().replayed);
        assert!(take(1).await.unwrap().replayed);
        assert!(!take(2).await.unwrap().replayed);
        assert!(take(1).await.unwrap().replayed);
        assert_eq!(take(4).await, Err(Failure::Gap { expected: 3 }));
        assert_eq!(counts(&stage.db).await[&key(1)], 2);
    }

    async fn a_batch_of_one_stream_is_in_order_too(stage: Stage) {
        let bench = Bench::new(&stage.host().await);
        run_open(&bench.writer, command(&key(1)), "one", None).await.unwrap();
        let sequences = [1, 2, 2, 4, 3, 4];
        let answers = bench.together(sequences.map(|n| run_add(&bench.writer, command(&key(1)).position(at(n)), 1))).await;
        let replayed: Vec<_> = answers.into_iter().map(|answer| answer.map(|committed| committed.replayed)).collect();
        assert_eq!(replayed, [Ok(false), Ok(false), Ok(true), Err(Failure::Gap { expected: 3 }), Ok(false), Ok(false)]);
        assert_eq!(counts(&stage.db).await[&key(1)], 4);
    }

    async fn an_event_that_is_refused_is_not_taken(stage: Stage) {
        let bench = Bench::new(&stage.host().await);
        let take = || run_add(&bench.writer, command(&key(1)).position(at(1)), 1);
        assert_eq!(take().await, Err(Failure::Refused(Refusal::Missing)));
        run_open(&bench.writer, command(&key(1)), "one", None).await.unwrap();
        assert!(!take().await.unwrap().replayed);
    }

    async fn an_event_that_changes_nothing_is_taken_all_the_same(stage: Stage) {
        let bench = Bench::new(&stage.host().await);
        run_open(&bench.writer, command(&key(1)), "one", None).await.unwrap();
        assert!(!run_add(&bench.writer, command(&key(1)).position(at(1)), 0).await.unwrap().replayed);
        assert!(!run_add(&bench.writer, command(&key(1)).position(at(2)), 1).await.unwrap().replayed);
    }

    async fn one_event_by_two_ways_at_once_takes_effect_once(stage: Stage) {
        let (one, two) = (Bench::new(&stage.host().await), Bench::new(&stage.host().await));
        run_open(&one.writer, command(&key(1)), "one", None).await.unwrap();
        for sequence in 1..=20 {
            let both = [&one, &two].map(|bench| -> Boxed<'_> {
                Box::pin(async move { run_add(&bench.writer, command(&key(1)).position(at(sequence)), 1).await })
            });
            let answers = futures_util::future::join_all(both).await;
            assert!(answers.iter().all(Result::is_ok), "{answers:?}");
        }
        assert_eq!(counts(&stage.db).await[&key(1)], 20);
    }

    async fn the_inbox_by_itself_keeps_the_same_rules(stage: Stage) {
        let host = stage.host().await;
        let inbox = host.inbox();
        assert_eq!(inbox.check(&at(1)).await, Ok(false));
        assert_eq!(inbox.advance(&at(2)).await, Err(cpor_durable::ReceiveError::Gap { expected: 1 }));
        inbox.advance(&at(1)).await.unwrap();
        inbox.advance(&at(1)).await.unwrap();
        assert_eq!(inbox.check(&at(1)).await, Ok(true));
        assert_eq!(inbox.check(&at(3)).await, Err(cpor_durable::ReceiveError::Gap { expected: 2 }));
        inbox.advance(&at(2)).await.unwrap();
    }
}
