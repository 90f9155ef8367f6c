//! Several processes on one database: no command is lost, applied twice or blocked for ever.
use cpor_database::Engine;
use cpor_durable::{BusinessClock, CommandError, rows};
use cpor_testing::UnreachableTransport;
use cpor_testing::on_both_databases;
use futures_util::future::join_all;

use crate::{
    fixture::{Fixture, TestWriter},
    tables::ticket,
    tickets::{TicketStore, TitleTaken, command, counts, history, key, load_ticket, run_add, run_open, run_retitle},
};

on_both_databases![with Fixture::new:
    two_writers_change_the_same_aggregates,
    two_writers_create_the_same_aggregate_once,
    two_writers_assign_the_same_title_once,
    deadlocks_do_not_stop_the_writers,
    a_lock_of_another_process_fails_only_the_command_that_waits_for_it,
];

async fn writers(fixture: &Fixture) -> Vec<cpor_durable::Writer<TicketStore>> {
    let mut writers = Vec::new();
    for _ in 0..2 {
        let db = fixture.other_process().await;
        let host = fixture.host_on(db, BusinessClock::Virtual, std::sync::Arc::new(UnreachableTransport)).await;
        writers.push(host.writer(TicketStore::default()));
    }
    writers
}

async fn two_writers_change_the_same_aggregates(fixture: Fixture) {
    let writers = writers(&fixture).await;
    let keys: Vec<_> = (0..10).map(key).collect();
    for (n, key) in keys.iter().enumerate() {
        run_open(&writers[n % 2], command(key), &n.to_string(), None).await.unwrap();
    }
    let tasks = (0..400).map(|n| {
        let (writer, key) = (writers[n % 2].clone(), keys[(n * 7) % 10].clone());
        tokio::spawn(async move { run_add(&writer, command(&key), 1).await })
    });
    for added in join_all(tasks).await {
        added.unwrap().unwrap();
    }
    for (key, count) in counts(&fixture.db).await {
        assert_eq!(count, 40, "{key:?}");
        let versions: Vec<i64> = history(&fixture.db, &key).await.into_iter().map(|entry| entry.0).collect();
        assert_eq!(versions, (1..=41).collect::<Vec<_>>(), "gapless");
    }
}

async fn two_writers_create_the_same_aggregate_once(fixture: Fixture) {
    let writers = writers(&fixture).await;
    for round in 0..20_u128 {
        let title = round.to_string();
        let opened = join_all(writers.iter().map(|writer| run_open(writer, command(&key(round)), &title, None))).await;
        assert_eq!(opened.iter().filter(|opened| opened.is_ok()).count(), 1, "{opened:?}");
    }
}

async fn two_writers_assign_the_same_title_once(fixture: Fixture) {
    let writers = writers(&fixture).await;
    for round in 0..20_u128 {
        let title = format!("wanted {round}");
        let keys = [key(round * 2), key(round * 2 + 1)];
        let opened = join_all((0..2).map(|n| run_open(&writers[n], command(&keys[n]), &title, None))).await;
        let clashes = opened.iter().filter(|opened| matches!(opened, Err(CommandError::Conflict(TitleTaken)))).count();
        assert_eq!((opened.iter().filter(|opened| opened.is_ok()).count(), clashes), (1, 1), "{opened:?}");
    }
    assert_eq!(counts(&fixture.db).await.len(), 20);
}

/// Two commands that swap titles wait for each other's locks. The database ends the deadlock,
/// and both complete.
async fn deadlocks_do_not_stop_the_writers(fixture: Fixture) {
    let writers = writers(&fixture).await;
    let keys: Vec<_> = (0..8).map(key).collect();
    for (n, key) in keys.iter().enumerate() {
        run_open(&writers[0], command(key), &format!("title {n}"), None).await.unwrap();
    }
    for round in 0..10_usize {
        let wishes = (0..8).map(|n| {
            let (writer, key) = (writers[n % 2].clone(), keys[n].clone());
            let title = format!("title {}", (n * 3 + round) % 8);
            tokio::spawn(async move { run_retitle(&writer, command(&key), &title).await })
        });
        for ended in join_all(wishes).await {
            assert!(matches!(ended.unwrap(), Ok(_) | Err(CommandError::Conflict(TitleTaken))));
        }
    }
    let mut titles = Vec::new();
    for key in &keys {
        titles.push(load_ticket(&fixture.db, key).await.unwrap().state.title);
    }
    titles.sort();
    titles.dedup();
    assert_eq!(titles.len(), 8, "unique at all times");
}

/// SQLite has no locks of single rows, so there all commands succeed.
async fn a_lock_of_another_process_fails_only_the_command_that_waits_for_it(fixture: Fixture) {
    let test_writer = TestWriter::new(&fixture.host().await);
    for n in 1..=3 {
        run_open(&test_writer.writer, command(&key(n)), &n.to_string(), None).await.unwrap();
    }
    let other = fixture.other_process().await;
    let is_locked = other.engine() == Engine::Postgres;
    let lock = if is_locked {
        let tx = other.begin().await.unwrap();
        rows::load_locked::<ticket::Entity>(&tx, &[key(2)]).await.unwrap();
        Some(tx)
    } else {
        None
    };
    let keys = [key(1), key(2), key(3)];
    let added =
        test_writer.run_in_one_batch(keys.iter().map(|key| run_add(&test_writer.writer, command(key), 1))).await;
    let [first, second, third] = added.as_slice() else { panic!("{added:?}") };
    assert!(first.is_ok() && third.is_ok(), "{added:?}");
    assert_eq!(matches!(second, Err(CommandError::Unavailable(_))), is_locked, "{second:?}");
    drop(lock);
    run_add(&test_writer.writer, command(&key(2)), 1).await.unwrap();
}
