//! Positions in incoming streams: each event is applied once and in order.
use crate::fixture::Fixture;
use cpor_durable::{CommandError, StreamKey, StreamPosition};
use cpor_testing::on_both_databases;
use cpor_types::Service;
use uuid::Uuid;

use crate::{
    fixture::TestWriter,
    tickets::{BoxedCommand, Refusal, command, counts, key, run_add, run_open},
};

on_both_databases![with Fixture::new:
    duplicates_are_replayed_and_gaps_fail,
    events_of_one_stream_are_ordered_within_a_batch,
    a_refused_event_is_not_recorded,
    an_event_without_a_change_is_recorded,
    concurrent_writers_apply_an_event_once,
    the_inbox_applies_the_same_rules,
];

fn at(sequence: u64) -> StreamPosition {
    let stream =
        StreamKey { source: Service::PoeReview, aggregate: "case".to_owned(), owner: "t".to_owned(), id: Uuid::nil() };
    StreamPosition { stream, sequence }
}

async fn duplicates_are_replayed_and_gaps_fail(fixture: Fixture) {
    let test_writer = TestWriter::new(&fixture.host().await);
    run_open(&test_writer.writer, command(&key(1)), "one", None).await.unwrap();
    let take = |sequence| run_add(&test_writer.writer, command(&key(1)).with_position(at(sequence)), 1);
    assert_eq!(take(2).await, Err(CommandError::SequenceGap { expected: 1 }));
    assert!(!take(1).await.unwrap().replayed);
    assert!(take(1).await.unwrap().replayed);
    assert!(!take(2).await.unwrap().replayed);
    assert!(take(1).await.unwrap().replayed);
    assert_eq!(take(4).await, Err(CommandError::SequenceGap { expected: 3 }));
    assert_eq!(counts(&fixture.db).await[&key(1)], 2);
}

async fn events_of_one_stream_are_ordered_within_a_batch(fixture: Fixture) {
    let test_writer = TestWriter::new(&fixture.host().await);
    run_open(&test_writer.writer, command(&key(1)), "one", None).await.unwrap();
    let sequences = [1, 2, 2, 4, 3, 4];
    let answers = test_writer
        .run_in_one_batch(sequences.map(|n| run_add(&test_writer.writer, command(&key(1)).with_position(at(n)), 1)))
        .await;
    let replayed: Vec<_> = answers.into_iter().map(|answer| answer.map(|committed| committed.replayed)).collect();
    assert_eq!(
        replayed,
        [Ok(false), Ok(false), Ok(true), Err(CommandError::SequenceGap { expected: 3 }), Ok(false), Ok(false)]
    );
    assert_eq!(counts(&fixture.db).await[&key(1)], 4);
}

async fn a_refused_event_is_not_recorded(fixture: Fixture) {
    let test_writer = TestWriter::new(&fixture.host().await);
    let take = || run_add(&test_writer.writer, command(&key(1)).with_position(at(1)), 1);
    assert_eq!(take().await, Err(CommandError::Refused(Refusal::Missing)));
    run_open(&test_writer.writer, command(&key(1)), "one", None).await.unwrap();
    assert!(!take().await.unwrap().replayed);
}

async fn an_event_without_a_change_is_recorded(fixture: Fixture) {
    let test_writer = TestWriter::new(&fixture.host().await);
    run_open(&test_writer.writer, command(&key(1)), "one", None).await.unwrap();
    assert!(!run_add(&test_writer.writer, command(&key(1)).with_position(at(1)), 0).await.unwrap().replayed);
    assert!(!run_add(&test_writer.writer, command(&key(1)).with_position(at(2)), 1).await.unwrap().replayed);
}

async fn concurrent_writers_apply_an_event_once(fixture: Fixture) {
    let (one, two) = (TestWriter::new(&fixture.host().await), TestWriter::new(&fixture.host().await));
    run_open(&one.writer, command(&key(1)), "one", None).await.unwrap();
    for sequence in 1..=20 {
        let both = [&one, &two].map(|test_writer| -> BoxedCommand<'_> {
            Box::pin(async move { run_add(&test_writer.writer, command(&key(1)).with_position(at(sequence)), 1).await })
        });
        let answers = futures_util::future::join_all(both).await;
        assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    }
    assert_eq!(counts(&fixture.db).await[&key(1)], 20);
}

async fn the_inbox_applies_the_same_rules(fixture: Fixture) {
    let host = fixture.host().await;
    let inbox = host.inbox();
    assert_eq!(inbox.is_applied(&at(1)).await, Ok(false));
    assert_eq!(inbox.mark_applied(&at(2)).await, Err(cpor_durable::ReceiveError::SequenceGap { expected: 1 }));
    inbox.mark_applied(&at(1)).await.unwrap();
    inbox.mark_applied(&at(1)).await.unwrap();
    assert_eq!(inbox.is_applied(&at(1)).await, Ok(true));
    assert_eq!(inbox.is_applied(&at(3)).await, Err(cpor_durable::ReceiveError::SequenceGap { expected: 2 }));
    inbox.mark_applied(&at(2)).await.unwrap();
}
