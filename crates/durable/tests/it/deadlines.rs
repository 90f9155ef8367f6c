//! R47: late processing does not change an outcome; a deadline is applied once and never early.
use cpor_testing::UnreachableTransport;
use cpor_testing::on_both_databases;
use std::sync::Arc;

use chrono::TimeDelta;
use cpor_durable::{BusinessClock, CommandError};
use cpor_types::Timestamp;
use sea_orm::{ConnectionTrait, Statement};

use crate::{
    fixture::{Fixture, TestWriter, start},
    tickets::{BoxedCommand, Refusal, command, history, key, load_ticket, run_add, run_open},
};

on_both_databases![with Fixture::new:
    r47_only_a_reading_before_the_due_time_is_in_time,
    r47_a_refused_command_applies_the_passed_deadline,
    r47_an_etag_from_before_the_deadline_is_stale,
    the_runner_applies_due_deadlines,
    two_concurrent_runners_apply_a_deadline_once,
    the_deadline_table_follows_the_state,
    a_failing_deadline_does_not_delay_others,
    the_runner_is_notified_of_a_new_early_deadline,
];

fn after(seconds: i64) -> Timestamp {
    start() + TimeDelta::seconds(seconds)
}

/// Returns the state, generation and due time of a ticket's deadline in the database.
async fn indexed(fixture: &Fixture, n: u128) -> Option<(String, i64, Timestamp)> {
    let backend = fixture.db.writer().get_database_backend();
    let text = match fixture.db.engine() {
        cpor_database::Engine::Sqlite => "SELECT state, generation, due_time FROM deadline WHERE id = ?",
        cpor_database::Engine::Postgres => "SELECT state, generation, due_time FROM deadline WHERE id = $1",
    };
    let query = Statement::from_sql_and_values(backend, text, [key(n).id.into()]);
    let row = fixture.db.writer().query_one_raw(query).await.unwrap()?;
    Some((
        row.try_get("", "state").unwrap(),
        row.try_get("", "generation").unwrap(),
        row.try_get("", "due_time").unwrap(),
    ))
}

async fn r47_only_a_reading_before_the_due_time_is_in_time(fixture: Fixture) {
    let host = fixture.host().await;
    let test_writer = TestWriter::new(&host);
    run_open(&test_writer.writer, command(&key(1)), "one", Some(after(10))).await.unwrap();
    host.advance_clock(after(10) - TimeDelta::microseconds(1)).await.unwrap();
    assert_eq!(host.deadline_runner().apply_due_deadlines().await.unwrap(), 0, "no deadline is applied early");
    assert!(run_add(&test_writer.writer, command(&key(1)), 1).await.is_ok());
    host.advance_clock(after(10)).await.unwrap();
    assert_eq!(run_add(&test_writer.writer, command(&key(1)), 1).await, Err(CommandError::Refused(Refusal::Closed)));
}

async fn r47_a_refused_command_applies_the_passed_deadline(fixture: Fixture) {
    let host = fixture.host().await;
    let test_writer = TestWriter::new(&host);
    run_open(&test_writer.writer, command(&key(1)), "one", Some(after(10))).await.unwrap();
    host.advance_clock(after(60)).await.unwrap();
    assert_eq!(run_add(&test_writer.writer, command(&key(1)), 1).await, Err(CommandError::Refused(Refusal::Closed)));
    assert!(load_ticket(&fixture.db, &key(1)).await.unwrap().state.closed);
    let closed = (2, "closed".to_owned(), "time".to_owned(), after(10), after(60));
    assert_eq!(history(&fixture.db, &key(1)).await[1], closed, "effective at the due time, recorded by the command");
    assert_eq!(indexed(&fixture, 1).await.unwrap().0, "fired");
    assert_eq!(host.deadline_runner().apply_due_deadlines().await.unwrap(), 0);
}

async fn r47_an_etag_from_before_the_deadline_is_stale(fixture: Fixture) {
    let host = fixture.host().await;
    let test_writer = TestWriter::new(&host);
    run_open(&test_writer.writer, command(&key(1)), "one", Some(after(10))).await.unwrap();
    host.advance_clock(after(10)).await.unwrap();
    let moved = run_add(&test_writer.writer, command(&key(1)).expect_version(1), 1).await;
    assert_eq!(moved, Err(CommandError::VersionMismatch { expected: 1, actual: 2 }));
}

async fn the_runner_applies_due_deadlines(fixture: Fixture) {
    let host = fixture.host().await;
    let test_writer = TestWriter::new(&host);
    for n in 0..600 {
        let due = if n % 2 == 0 { after(10) } else { after(20) };
        run_open(&test_writer.writer, command(&key(n)), &n.to_string(), Some(due)).await.unwrap();
    }
    host.advance_clock(after(15)).await.unwrap();
    assert_eq!(host.deadline_runner().apply_due_deadlines().await.unwrap(), 300);
    assert!(load_ticket(&fixture.db, &key(0)).await.unwrap().state.closed);
    assert!(!load_ticket(&fixture.db, &key(1)).await.unwrap().state.closed);
    assert_eq!(host.deadline_runner().apply_due_deadlines().await.unwrap(), 0);
    host.advance_clock(after(20)).await.unwrap();
    assert_eq!(host.deadline_runner().apply_due_deadlines().await.unwrap(), 300);
}

async fn two_concurrent_runners_apply_a_deadline_once(fixture: Fixture) {
    let db = fixture.other_process().await;
    let hosts =
        [fixture.host().await, fixture.host_on(db, BusinessClock::Virtual, Arc::new(UnreachableTransport)).await];
    let test_writers = [TestWriter::new(&hosts[0]), TestWriter::new(&hosts[1])];
    for n in 0..50 {
        run_open(&test_writers[0].writer, command(&key(n)), &n.to_string(), Some(after(10))).await.unwrap();
    }
    hosts[0].advance_clock(after(10)).await.unwrap();
    let [one, two] = [hosts[0].deadline_runner(), hosts[1].deadline_runner()];
    let (one, two) = tokio::join!(one.apply_due_deadlines(), two.apply_due_deadlines());
    assert!(one.unwrap() + two.unwrap() >= 50);
    for n in 0..50 {
        assert_eq!(history(&fixture.db, &key(n)).await.len(), 2, "opened and closed, once each");
    }
}

async fn the_deadline_table_follows_the_state(fixture: Fixture) {
    let host = fixture.host().await;
    let test_writer = TestWriter::new(&host);
    let close = |n: u128| {
        test_writer
            .writer
            .execute(command(&key(n)), |ticket, _| Ok::<_, Refusal>(ticket.map(crate::tickets::Ticket::close)))
    };
    let reopen = |n: u128, due: Timestamp| {
        test_writer.writer.execute(command(&key(n)), move |ticket, _| {
            let next = ticket.map(|ticket| crate::tickets::Ticket {
                closed: false,
                closes: Some(crate::tickets::closing_deadline(due)),
                ..ticket.clone()
            });
            Ok::<_, Refusal>(
                next.map(|next| cpor_durable::Transition::new(next, [crate::tickets::TicketEvent::Opened])),
            )
        })
    };
    run_open(&test_writer.writer, command(&key(1)), "one", Some(after(10))).await.unwrap();
    assert_eq!(indexed(&fixture, 1).await, Some(("pending".to_owned(), 1, after(10))));
    close(1).await.unwrap();
    assert_eq!(indexed(&fixture, 1).await, Some(("cancelled".to_owned(), 1, after(10))));
    host.advance_clock(after(10)).await.unwrap();
    assert_eq!(host.deadline_runner().apply_due_deadlines().await.unwrap(), 0, "a cancelled deadline is not applied");
    reopen(1, after(20)).await.unwrap();
    reopen(1, after(30)).await.unwrap();
    assert_eq!(indexed(&fixture, 1).await, Some(("pending".to_owned(), 3, after(30))));
    let answers: Vec<_> = {
        let (closing, reopening): (BoxedCommand<'_>, BoxedCommand<'_>) =
            (Box::pin(close(1)), Box::pin(reopen(1, after(40))));
        test_writer.run_in_one_batch([closing, reopening]).await
    };
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(indexed(&fixture, 1).await, Some(("pending".to_owned(), 4, after(40))));
    host.advance_clock(after(40)).await.unwrap();
    host.deadline_runner().apply_due_deadlines().await.unwrap();
    assert_eq!(indexed(&fixture, 1).await, Some(("fired".to_owned(), 4, after(40))));
}

async fn a_failing_deadline_does_not_delay_others(fixture: Fixture) {
    let host = fixture.host().await;
    let test_writer = TestWriter::new(&host);
    run_open(&test_writer.writer, command(&key(1)), "one", Some(after(5))).await.unwrap();
    run_open(&test_writer.writer, command(&key(2)), "two", Some(after(10))).await.unwrap();
    crate::tickets::change_title_in_database(&fixture.db, &key(1), "panics when it elapses").await;
    host.advance_clock(after(10)).await.unwrap();
    assert_eq!(host.deadline_runner().apply_due_deadlines().await.unwrap(), 2);
    assert!(load_ticket(&fixture.db, &key(2)).await.unwrap().state.closed);
    assert_eq!(indexed(&fixture, 1).await.unwrap().0, "pending", "the deadline stays due until the ticket is repaired");
    crate::tickets::change_title_in_database(&fixture.db, &key(1), "mended").await;
    assert_eq!(host.deadline_runner().apply_due_deadlines().await.unwrap(), 1);
    assert!(load_ticket(&fixture.db, &key(1)).await.unwrap().state.closed);
}

async fn the_runner_is_notified_of_a_new_early_deadline(fixture: Fixture) {
    let clock = BusinessClock::real(fixture.db.engine(), Arc::new(cpor_types::SystemClock));
    let host = fixture.host_on(fixture.db.clone(), clock, Arc::new(UnreachableTransport)).await;
    let test_writer = TestWriter::new(&host);
    let shutdown = cpor_process::lifecycle::Shutdown::new(std::time::Duration::from_secs(1));
    let tasks = cpor_process::lifecycle::Tasks::new(
        &shutdown,
        &cpor_process::Metrics::new(),
        Arc::new(cpor_types::SystemEntropy),
    );
    host.start(&tasks);
    let soon = host.now().await.unwrap() + TimeDelta::milliseconds(50);
    run_open(&test_writer.writer, command(&key(1)), "one", Some(soon)).await.unwrap();
    while !load_ticket(&fixture.db, &key(1)).await.unwrap().state.closed {
        tokio::task::yield_now().await;
    }
    let (_, _, _, effective, recorded) = history(&fixture.db, &key(1)).await.remove(1);
    assert!(effective == soon && recorded >= soon);
    shutdown.drain();
    tasks.join().await;
}
