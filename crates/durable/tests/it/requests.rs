//! Request ids: a request takes effect at most once, however often the client repeats it (AIP-155).
use cpor_durable::{AggregateKey, Command, CommandError, RequestId};
use cpor_testing::Engine;
use cpor_testing::on_both_databases;

use crate::{
    fixture::{Fixture, TestWriter},
    tickets::{BoxedCommand, Refusal, TicketResult, command, counts, key, run_add, run_open},
};

on_both_databases![with Fixture::new:
    a_repeated_request_gets_the_current_state,
    a_repeated_request_in_the_same_batch_is_replayed,
    the_same_request_id_with_another_body_fails,
    request_ids_are_per_caller_and_method,
    a_repeated_refused_request_is_decided_again,
    concurrent_replicas_apply_a_request_id_once,
    a_clash_with_the_first_request_is_a_replay,
    request_ids_are_deleted_after_a_day,
];

fn request(id: &str, body: u8) -> RequestId {
    RequestId { caller: "alice".to_owned(), method: "OpenTicket", id: id.to_owned(), body_hash: [body; 32] }
}

fn named(key: &AggregateKey, id: &str, body: u8) -> Command {
    command(key).request(request(id, body))
}

async fn a_repeated_request_gets_the_current_state(fixture: Fixture) {
    let test_writer = TestWriter::new(&fixture.host().await);
    let first = run_open(&test_writer.writer, named(&key(1), "r", 1), "one", None).await.unwrap();
    run_add(&test_writer.writer, command(&key(1)), 5).await.unwrap();
    let again = run_open(&test_writer.writer, named(&key(2), "r", 1), "one", None).await.unwrap();
    assert!(!first.replayed && again.replayed);
    assert_eq!((&again.key, again.version, again.state.unwrap().count), (&key(1), 2, 5));
    assert_eq!(counts(&fixture.db).await.len(), 1);
}

async fn a_repeated_request_in_the_same_batch_is_replayed(fixture: Fixture) {
    let test_writer = TestWriter::new(&fixture.host().await);
    let keys: Vec<_> = (0..5).map(key).collect();
    let opened = test_writer
        .run_in_one_batch(keys.iter().map(|key| run_open(&test_writer.writer, named(key, "r", 1), "one", None)))
        .await;
    let opened: Vec<_> = opened.into_iter().map(Result::unwrap).collect();
    assert!(opened.iter().all(|opened| opened.key == keys[0]));
    assert_eq!(opened.iter().filter(|opened| opened.replayed).count(), 4);
    assert_eq!(counts(&fixture.db).await.len(), 1);
}

async fn the_same_request_id_with_another_body_fails(fixture: Fixture) {
    let test_writer = TestWriter::new(&fixture.host().await);
    run_open(&test_writer.writer, named(&key(1), "r", 1), "one", None).await.unwrap();
    assert_eq!(
        run_open(&test_writer.writer, named(&key(2), "r", 2), "two", None).await,
        Err(CommandError::RequestIdReused)
    );
}

async fn request_ids_are_per_caller_and_method(fixture: Fixture) {
    let test_writer = TestWriter::new(&fixture.host().await);
    let base = request("r", 1);
    let others = [
        RequestId { caller: "bob".to_owned(), ..base.clone() },
        RequestId { method: "CloseTicket", ..base.clone() },
        RequestId { id: "q".to_owned(), ..base.clone() },
        base,
    ];
    for (n, request) in others.into_iter().enumerate() {
        let opened =
            run_open(&test_writer.writer, command(&key(n as u128)).request(request), &n.to_string(), None).await;
        assert!(!opened.unwrap().replayed);
    }
}

async fn a_repeated_refused_request_is_decided_again(fixture: Fixture) {
    let test_writer = TestWriter::new(&fixture.host().await);
    let adding = || run_add(&test_writer.writer, command(&key(1)).request(request("r", 1)), 1);
    assert_eq!(adding().await, Err(CommandError::Refused(Refusal::Missing)));
    run_open(&test_writer.writer, command(&key(1)), "one", None).await.unwrap();
    assert!(!adding().await.unwrap().replayed);
    assert!(adding().await.unwrap().replayed);
    assert_eq!(counts(&fixture.db).await[&key(1)], 1);
}

/// The request opens a ticket with a new key and with a title that is unique. So the repeated
/// request does not wait for the lock of an aggregate, but clashes with the title.
async fn a_clash_with_the_first_request_is_a_replay(fixture: Fixture) {
    let test_writers = [TestWriter::new(&fixture.host().await), TestWriter::new(&other(&fixture).await)];
    for round in 0..20_u128 {
        let (title, id) = (round.to_string(), round.to_string());
        let open = |n: usize| {
            let key = key(round * 2 + n as u128);
            let (writer, title, id) = (&test_writers[n].writer, &title, &id);
            async move { run_open(writer, named(&key, id, 1), title, None).await.unwrap() }
        };
        let (one, two) = tokio::join!(open(0), open(1));
        assert_eq!(one.key, two.key);
        assert!(one.replayed != two.replayed);
    }
    assert_eq!(counts(&fixture.db).await.len(), 20);
}

async fn concurrent_replicas_apply_a_request_id_once(fixture: Fixture) {
    let test_writers = [TestWriter::new(&fixture.host().await), TestWriter::new(&other(&fixture).await)];
    for round in 0..20_u128 {
        let id = round.to_string();
        let opened = futures_util::future::join_all(test_writers.iter().enumerate().map(
            |(n, test_writer)| -> BoxedCommand<'_> {
                let (title, id) = (format!("{round} {n}"), id.clone());
                Box::pin(async move {
                    run_open(&test_writer.writer, named(&key(round * 2 + n as u128), &id, 1), &title, None).await
                })
            },
        ))
        .await;
        let [one, two] = [opened[0].as_ref().unwrap(), opened[1].as_ref().unwrap()];
        assert_eq!(one.key, two.key);
        assert!(one.replayed != two.replayed);
    }
    assert_eq!(counts(&fixture.db).await.len(), 20);
}

async fn request_ids_are_deleted_after_a_day(fixture: Fixture) {
    let host = fixture.host().await;
    let test_writer = TestWriter::new(&host);
    run_open(&test_writer.writer, named(&key(1), "old", 1), "one", None).await.unwrap();
    fixture.clock.advance_by(chrono::TimeDelta::hours(23));
    run_open(&test_writer.writer, named(&key(2), "new", 1), "two", None).await.unwrap();
    host.delete_expired_request_ids().await.unwrap();
    assert!(run_open(&test_writer.writer, named(&key(3), "old", 1), "three", None).await.unwrap().replayed);
    fixture.clock.advance_by(chrono::TimeDelta::hours(2));
    host.delete_expired_request_ids().await.unwrap();
    assert!(!run_open(&test_writer.writer, named(&key(3), "old", 1), "three", None).await.unwrap().replayed);
    assert!(run_open(&test_writer.writer, named(&key(4), "new", 1), "four", None).await.unwrap().replayed);
}

async fn other(fixture: &Fixture) -> cpor_durable::Host {
    let db = fixture.other_process().await;
    fixture
        .host_on(db, cpor_durable::BusinessClock::Virtual, std::sync::Arc::new(cpor_testing::UnreachableTransport))
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeat_behind_the_lock_of_the_first_is_replayed() {
    let [first, second] = close_behind_a_lock(named(&key(1), "close", 1)).await;
    assert!(!first.unwrap().replayed);
    let second = second.unwrap();
    assert!(second.replayed && second.version == 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeated_row_behind_the_lock_of_the_first_is_recognized() {
    let [first, second] = close_behind_a_lock(command(&key(1)).rows(vec![request("import/0", 1)])).await;
    assert!(!first.unwrap().replayed);
    assert_eq!(second, Err(CommandError::RequestIdReused), "not refused because the ticket is closed");
}

/// Executes the same command in two processes, which closes an open ticket; the results are in the
/// order of the commits. Only PostgreSQL has two processes on one database. The second process
/// looks for the request ids before the first commits, and sees the change of the first only after
/// it has got the aggregate's lock.
async fn close_behind_a_lock(closing: Command) -> [TicketResult; 2] {
    let fixture = Fixture::on(Engine::Postgres).await;
    let test_writers = [TestWriter::new(&fixture.host().await), TestWriter::new(&other(&fixture).await)];
    run_open(&test_writers[0].writer, command(&key(1)), "one", None).await.unwrap();
    let close = |test_writer: &TestWriter| {
        let (writer, closing) = (test_writer.writer.clone(), closing.clone());
        let once = |ticket: Option<&crate::tickets::Ticket>, _| match ticket {
            Some(ticket) if !ticket.closed => Ok(Some(ticket.close())),
            Some(_) | None => Err(Refusal::Closed),
        };
        async move { writer.execute(closing, once).await }
    };
    let held = test_writers[1].tickets.pause_loads().await;
    let second = tokio::spawn(close(&test_writers[1]));
    test_writers[1].tickets.load_requested().await;
    let first = close(&test_writers[0]).await;
    drop(held);
    [first, second.await.unwrap()]
}
