//! Group commit: commands share transactions, and each has the same result as in a transaction of
//! its own.
use crate::fixture::Fixture;
use cpor_durable::{CommandError, CommandOutcome};
use cpor_testing::on_both_databases;

use crate::{
    fixture::{TestWriter, start},
    tickets::{
        self, Refusal, TitleTaken, alice, command, counts, history, key, load_ticket, run_add, run_open, run_retitle,
    },
};

on_both_databases![with Fixture::new:
    waiting_commands_share_a_transaction,
    commands_on_one_aggregate_are_decided_in_order,
    one_batch_can_create_and_change_a_ticket,
    recorded_events_have_actor_and_times,
    an_unchanged_aggregate_is_not_saved,
    a_refused_command_does_not_affect_its_batch,
    a_conflict_fails_only_its_command,
    a_title_released_in_a_batch_can_be_assigned_again,
    a_command_that_cannot_be_saved_fails_alone,
    a_panicking_decision_fails_only_its_command,
    a_command_is_committed_if_its_caller_gives_up,
    a_full_queue_is_overloaded,
    every_command_fails_if_the_database_is_closed,
    the_task_ends_with_the_last_writer,
    an_unexpected_version_fails,
];

async fn waiting_commands_share_a_transaction(fixture: Fixture) {
    let test_writer = TestWriter::new(&fixture.host().await);
    let titles: Vec<String> = (0..100).map(|n| format!("ticket {n}")).collect();
    let opened = test_writer
        .run_in_one_batch((0..100).map(|n| run_open(&test_writer.writer, command(&key(n)), &titles[n as usize], None)))
        .await;
    assert!(opened.iter().all(|opened| opened.as_ref().unwrap().version == 1));
    assert_eq!(test_writer.tickets.take_save_sizes(), [100]);
    assert_eq!(counts(&fixture.db).await.len(), 100);
}

async fn commands_on_one_aggregate_are_decided_in_order(fixture: Fixture) {
    let test_writer = TestWriter::new(&fixture.host().await);
    run_open(&test_writer.writer, command(&key(1)), "one", None).await.unwrap();
    test_writer.tickets.take_save_sizes();
    let added = test_writer
        .run_in_one_batch([
            run_add(&test_writer.writer, command(&key(1)), 2),
            run_add(&test_writer.writer, command(&key(1)), 3),
        ])
        .await;
    let seen: Vec<(u64, i64)> =
        added.into_iter().map(|added| added.unwrap()).map(|c| (c.version, c.state.unwrap().count)).collect();
    assert_eq!(seen, [(2, 2), (3, 5)], "a command sees the changes of the commands before it only");
    assert_eq!(test_writer.tickets.take_save_sizes(), [1]);
    let after = load_ticket(&fixture.db, &key(1)).await.unwrap();
    assert_eq!((after.version, after.state.count), (3, 5));
    let entries: Vec<_> = history(&fixture.db, &key(1)).await.into_iter().map(|entry| (entry.0, entry.1)).collect();
    assert_eq!(entries, [(1, "opened".to_owned()), (2, "added 2".to_owned()), (3, "added 3".to_owned())]);
}

async fn one_batch_can_create_and_change_a_ticket(fixture: Fixture) {
    let test_writer = TestWriter::new(&fixture.host().await);
    let writer = &test_writer.writer;
    let opening = run_open(writer, command(&key(1)), "one", None);
    let adding = run_add(writer, command(&key(1)), 7);
    let (opening, adding): (tickets::BoxedCommand<'_>, tickets::BoxedCommand<'_>) =
        (Box::pin(opening), Box::pin(adding));
    let answers = test_writer.run_in_one_batch([opening, adding]).await;
    assert_eq!(answers[1].as_ref().unwrap().version, 2);
    assert_eq!(load_ticket(&fixture.db, &key(1)).await.unwrap().state.count, 7);
}

async fn recorded_events_have_actor_and_times(fixture: Fixture) {
    let test_writer = TestWriter::new(&fixture.host().await);
    let earlier = start() - chrono::TimeDelta::hours(1);
    run_open(&test_writer.writer, command(&key(1)).effective_at(earlier), "one", None).await.unwrap();
    assert_eq!(history(&fixture.db, &key(1)).await, [(1, "opened".to_owned(), alice().to_text(), earlier, start())]);
}

async fn an_unchanged_aggregate_is_not_saved(fixture: Fixture) {
    let test_writer = TestWriter::new(&fixture.host().await);
    run_open(&test_writer.writer, command(&key(1)), "one", None).await.unwrap();
    test_writer.tickets.take_save_sizes();
    let same = run_add(&test_writer.writer, command(&key(1)), 0).await.unwrap();
    assert_eq!((same.version, same.replayed), (1, false));
    assert!(test_writer.tickets.take_save_sizes().is_empty());
}

async fn a_refused_command_does_not_affect_its_batch(fixture: Fixture) {
    let test_writer = TestWriter::new(&fixture.host().await);
    let keys: Vec<_> = (0..3).map(key).collect();
    for n in [0, 2] {
        run_open(&test_writer.writer, command(&keys[n]), &format!("{n}"), None).await.unwrap();
    }
    test_writer.tickets.take_save_sizes();
    let answers =
        test_writer.run_in_one_batch(keys.iter().map(|key| run_add(&test_writer.writer, command(key), 1))).await;
    assert!(matches!(answers[0], Ok(CommandOutcome { version: 2, .. })));
    assert_eq!(answers[1], Err(CommandError::Refused(Refusal::Missing)));
    assert!(matches!(answers[2], Ok(CommandOutcome { version: 2, .. })));
    assert_eq!(test_writer.tickets.take_save_sizes(), [2]);
}

async fn a_conflict_fails_only_its_command(fixture: Fixture) {
    let test_writer = TestWriter::new(&fixture.host().await);
    run_open(&test_writer.writer, command(&key(9)), "taken", None).await.unwrap();
    let titles = ["a", "taken", "b", "a"];
    let keys: Vec<_> = (0..4).map(key).collect();
    let answers = test_writer
        .run_in_one_batch((0..4).map(|n| run_open(&test_writer.writer, command(&keys[n]), titles[n], None)))
        .await;
    assert!(answers[0].is_ok() && answers[2].is_ok());
    assert_eq!(answers[1], Err(CommandError::Conflict(TitleTaken)));
    assert_eq!(answers[3], Err(CommandError::Conflict(TitleTaken)), "the title is assigned within the same batch");
    assert_eq!(counts(&fixture.db).await.len(), 3);
    assert_eq!(history(&fixture.db, &keys[1]).await, [], "a conflict leaves no history");
}

async fn a_title_released_in_a_batch_can_be_assigned_again(fixture: Fixture) {
    let test_writer = TestWriter::new(&fixture.host().await);
    for (n, title) in [(1, "x"), (2, "y")] {
        run_open(&test_writer.writer, command(&key(n)), title, None).await.unwrap();
    }
    let [one, two] = [key(1), key(2)];
    let swap =
        [run_retitle(&test_writer.writer, command(&one), "z"), run_retitle(&test_writer.writer, command(&two), "x")];
    assert!(test_writer.run_in_one_batch(swap).await.iter().all(Result::is_ok));
    assert_eq!(load_ticket(&fixture.db, &two).await.unwrap().state.title, "x");
}

async fn a_command_that_cannot_be_saved_fails_alone(fixture: Fixture) {
    let test_writer = TestWriter::new(&fixture.host().await);
    let titles = ["a", "b", "cannot be saved", "c", "panics when it is saved", "d", "e"];
    let keys: Vec<_> = (0..7).map(key).collect();
    let answers = test_writer
        .run_in_one_batch((0..7).map(|n| run_open(&test_writer.writer, command(&keys[n]), titles[n], None)))
        .await;
    for (answer, title) in answers.iter().zip(titles) {
        match title.len() {
            1 => assert!(answer.is_ok(), "{title}: {answer:?}"),
            _ => assert!(matches!(answer, Err(CommandError::Unavailable(_))), "{title}: {answer:?}"),
        }
    }
    assert_eq!(counts(&fixture.db).await.len(), 5);
}

async fn a_panicking_decision_fails_only_its_command(fixture: Fixture) {
    let test_writer = TestWriter::new(&fixture.host().await);
    let [one, two] = [key(1), key(2)];
    let writer = &test_writer.writer;
    let panicking: tickets::BoxedCommand<'_> =
        Box::pin(writer.execute(command(&one), |_, _| panic!("a fault of the domain")));
    let healthy: tickets::BoxedCommand<'_> = Box::pin(run_open(writer, command(&two), "two", None));
    let answers = test_writer.run_in_one_batch([panicking, healthy]).await;
    let Err(CommandError::Unavailable(why)) = &answers[0] else { panic!("{answers:?}") };
    assert!(why.contains("a fault of the domain"));
    assert!(answers[1].is_ok());
    assert!(run_open(writer, command(&one), "one", None).await.is_ok());
}

async fn a_command_is_committed_if_its_caller_gives_up(fixture: Fixture) {
    let test_writer = TestWriter::new(&fixture.host().await);
    let held = test_writer.tickets.pause_loads().await;
    let mut given_up = Box::pin(run_open(&test_writer.writer, command(&key(1)), "one", None));
    assert!(futures_util::poll!(&mut given_up).is_pending());
    test_writer.tickets.load_requested().await;
    drop(given_up);
    drop(held);
    let added = run_add(&test_writer.writer, command(&key(1)), 1).await.unwrap();
    assert_eq!(added.version, 2);
}

async fn a_full_queue_is_overloaded(fixture: Fixture) {
    let host = fixture.host().await;
    let tickets = tickets::TicketStore::default();
    let writer = host.writer_with(tickets.clone(), cpor_durable::WriterSettings { queue: 2, batch: 256 });
    let held = tickets.pause_loads().await;
    let keys: Vec<_> = (0..4).map(key).collect();
    let mut waiting: Vec<tickets::BoxedCommand<'_>> = Vec::new();
    for (n, key) in keys.iter().enumerate().take(3) {
        waiting.push(Box::pin(run_open(&writer, command(key), ["a", "b", "c"][n], None)));
        assert!(futures_util::poll!(waiting.last_mut().unwrap()).is_pending());
        if n == 0 {
            tickets.load_requested().await;
        }
    }
    assert_eq!(run_open(&writer, command(&keys[3]), "d", None).await, Err(CommandError::Overloaded));
    drop(held);
    for waiting in waiting {
        assert!(waiting.await.is_ok());
    }
}

async fn every_command_fails_if_the_database_is_closed(fixture: Fixture) {
    let test_writer = TestWriter::new(&fixture.host().await);
    run_open(&test_writer.writer, command(&key(1)), "one", None).await.unwrap();
    fixture.db.clone().close().await.unwrap();
    let added =
        futures_util::future::join_all((0..20).map(|_| run_add(&test_writer.writer, command(&key(1)), 1))).await;
    assert!(added.iter().all(|added| matches!(added, Err(CommandError::Unavailable(_)))));
}

async fn the_task_ends_with_the_last_writer(fixture: Fixture) {
    let host = fixture.host().await;
    let test_writer = TestWriter::new(&host);
    run_open(&test_writer.writer, command(&key(1)), "one", None).await.unwrap();
    let TestWriter { writer, tickets } = test_writer;
    drop((writer, host));
    while std::sync::Arc::strong_count(&tickets.save_sizes) > 1 {
        tokio::task::yield_now().await;
    }
}

async fn an_unexpected_version_fails(fixture: Fixture) {
    let test_writer = TestWriter::new(&fixture.host().await);
    let writer = &test_writer.writer;
    assert_eq!(
        run_add(writer, command(&key(1)).expect_version(3), 1).await,
        Err(CommandError::VersionMismatch { expected: 3, actual: 0 })
    );
    run_open(writer, command(&key(1)).expect_version(0), "one", None).await.unwrap();
    let answers =
        test_writer.run_in_one_batch((0..2).map(|_| run_add(writer, command(&key(1)).expect_version(1), 1))).await;
    assert!(answers[0].is_ok());
    assert_eq!(answers[1], Err(CommandError::VersionMismatch { expected: 1, actual: 2 }));
}
