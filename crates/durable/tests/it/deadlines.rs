//! R47: lateness of the machinery never changes an outcome; a deadline passes once, never early.
use std::sync::Arc;

use chrono::TimeDelta;
use cpor_durable::{BusinessClock, Failure};
use cpor_types::Timestamp;
use sea_orm::{ConnectionTrait, Statement};

use crate::{
    stage::{Bench, Nowhere, Stage, on_both, start},
    toy::{Boxed, Refusal, command, history, key, run_add, run_open, stored},
};

fn after(seconds: i64) -> Timestamp {
    start() + TimeDelta::seconds(seconds)
}

/// State, generation and due time of a ticket's deadline in the index.
async fn indexed(stage: &Stage, n: u128) -> Option<(String, i64, i64)> {
    let backend = stage.db.writer().get_database_backend();
    let text = match stage.db.engine() {
        cpor_kit::Engine::Sqlite => "SELECT state, generation, due_time FROM deadline WHERE id = ?",
        cpor_kit::Engine::Postgres => "SELECT state, generation, due_time FROM deadline WHERE id = $1",
    };
    let query = Statement::from_sql_and_values(backend, text, [key(n).id.into()]);
    let row = stage.db.writer().query_one_raw(query).await.unwrap()?;
    Some((
        row.try_get("", "state").unwrap(),
        row.try_get("", "generation").unwrap(),
        row.try_get("", "due_time").unwrap(),
    ))
}

on_both! {
    async fn earlier_than_due_is_in_time_and_the_moment_itself_is_late(stage: Stage) {
        let host = stage.host().await;
        let bench = Bench::new(&host);
        run_open(&bench.writer, command(&key(1)), "one", Some(after(10))).await.unwrap();
        host.advance(after(10) - TimeDelta::microseconds(1)).await.unwrap();
        assert_eq!(host.runner().drain().await.unwrap(), 0, "never early");
        assert!(run_add(&bench.writer, command(&key(1)), 1).await.is_ok());
        host.advance(after(10)).await.unwrap();
        assert_eq!(run_add(&bench.writer, command(&key(1)), 1).await, Err(Failure::Refused(Refusal::Closed)));
    }

    async fn a_refused_command_leaves_the_deadline_it_met_behind(stage: Stage) {
        let host = stage.host().await;
        let bench = Bench::new(&host);
        run_open(&bench.writer, command(&key(1)), "one", Some(after(10))).await.unwrap();
        host.advance(after(60)).await.unwrap();
        assert_eq!(run_add(&bench.writer, command(&key(1)), 1).await, Err(Failure::Refused(Refusal::Closed)));
        assert!(stored(&stage.db, &key(1)).await.unwrap().state.closed);
        let closed = (2, "closed".to_owned(), "time".to_owned(), after(10), after(60));
        assert_eq!(history(&stage.db, &key(1)).await[1], closed, "effective when it was due, recorded when it was met");
        assert_eq!(indexed(&stage, 1).await.unwrap().0, "fired");
        assert_eq!(host.runner().drain().await.unwrap(), 0);
    }

    async fn an_etag_from_before_the_deadline_is_stale(stage: Stage) {
        let host = stage.host().await;
        let bench = Bench::new(&host);
        run_open(&bench.writer, command(&key(1)), "one", Some(after(10))).await.unwrap();
        host.advance(after(10)).await.unwrap();
        let moved = run_add(&bench.writer, command(&key(1)).expecting(1), 1).await;
        assert_eq!(moved, Err(Failure::Moved { expected: 1, actual: 2 }));
    }

    async fn the_runner_fires_what_no_command_meets(stage: Stage) {
        let host = stage.host().await;
        let bench = Bench::new(&host);
        for n in 0..600 {
            let due = if n % 2 == 0 { after(10) } else { after(20) };
            run_open(&bench.writer, command(&key(n)), &n.to_string(), Some(due)).await.unwrap();
        }
        host.advance(after(15)).await.unwrap();
        assert_eq!(host.runner().drain().await.unwrap(), 300);
        assert!(stored(&stage.db, &key(0)).await.unwrap().state.closed);
        assert!(!stored(&stage.db, &key(1)).await.unwrap().state.closed);
        assert_eq!(host.runner().drain().await.unwrap(), 0);
        host.advance(after(20)).await.unwrap();
        assert_eq!(host.runner().drain().await.unwrap(), 300);
    }

    async fn two_runners_at_once_fire_once(stage: Stage) {
        let db = stage.other_process().await;
        let hosts = [stage.host().await, stage.host_on(db, BusinessClock::Virtual, Arc::new(Nowhere)).await];
        let benches = [Bench::new(&hosts[0]), Bench::new(&hosts[1])];
        for n in 0..50 {
            run_open(&benches[0].writer, command(&key(n)), &n.to_string(), Some(after(10))).await.unwrap();
        }
        hosts[0].advance(after(10)).await.unwrap();
        let [one, two] = [hosts[0].runner(), hosts[1].runner()];
        let (one, two) = tokio::join!(one.drain(), two.drain());
        assert!(one.unwrap() + two.unwrap() >= 50);
        for n in 0..50 {
            assert_eq!(history(&stage.db, &key(n)).await.len(), 2, "opened and closed, once each");
        }
    }

    async fn the_index_follows_the_state(stage: Stage) {
        let host = stage.host().await;
        let bench = Bench::new(&host);
        let close = |n: u128| bench.writer.execute(command(&key(n)), |ticket, _| Ok::<_, Refusal>(ticket.map(crate::toy::Ticket::close)));
        let reopen = |n: u128, due: Timestamp| {
            bench.writer.execute(command(&key(n)), move |ticket, _| {
                let next = ticket.map(|ticket| crate::toy::Ticket { closed: false, closes: Some(crate::toy::closing(due)), ..ticket.clone() });
                Ok::<_, Refusal>(next.map(|next| cpor_durable::Transition::new(next, [crate::toy::Happened::Opened])))
            })
        };
        run_open(&bench.writer, command(&key(1)), "one", Some(after(10))).await.unwrap();
        assert_eq!(indexed(&stage, 1).await, Some(("pending".to_owned(), 1, after(10).timestamp_micros())));
        close(1).await.unwrap();
        assert_eq!(indexed(&stage, 1).await, Some(("cancelled".to_owned(), 1, after(10).timestamp_micros())));
        host.advance(after(10)).await.unwrap();
        assert_eq!(host.runner().drain().await.unwrap(), 0, "what is cancelled does not fire");
        reopen(1, after(20)).await.unwrap();
        reopen(1, after(30)).await.unwrap();
        assert_eq!(indexed(&stage, 1).await, Some(("pending".to_owned(), 3, after(30).timestamp_micros())));
        let answers: Vec<_> = {
            let (closing, reopening): (Boxed<'_>, Boxed<'_>) = (Box::pin(close(1)), Box::pin(reopen(1, after(40))));
            bench.together([closing, reopening]).await
        };
        assert!(answers.iter().all(Result::is_ok));
        assert_eq!(indexed(&stage, 1).await, Some(("pending".to_owned(), 4, after(40).timestamp_micros())));
        host.advance(after(40)).await.unwrap();
        host.runner().drain().await.unwrap();
        assert_eq!(indexed(&stage, 1).await, Some(("fired".to_owned(), 4, after(40).timestamp_micros())));
    }

    async fn a_deadline_that_cannot_be_applied_keeps_nobody_else_waiting(stage: Stage) {
        let host = stage.host().await;
        let bench = Bench::new(&host);
        run_open(&bench.writer, command(&key(1)), "one", Some(after(5))).await.unwrap();
        run_open(&bench.writer, command(&key(2)), "two", Some(after(10))).await.unwrap();
        crate::toy::retitle_behind_the_writers_back(&stage.db, &key(1), "panics when it elapses").await;
        host.advance(after(10)).await.unwrap();
        assert_eq!(host.runner().drain().await.unwrap(), 2);
        assert!(stored(&stage.db, &key(2)).await.unwrap().state.closed);
        assert_eq!(indexed(&stage, 1).await.unwrap().0, "pending", "it stays due until somebody mends it");
        crate::toy::retitle_behind_the_writers_back(&stage.db, &key(1), "mended").await;
        assert_eq!(host.runner().drain().await.unwrap(), 1);
        assert!(stored(&stage.db, &key(1)).await.unwrap().state.closed);
    }

    async fn the_background_runner_wakes_for_what_was_armed_for_soon(stage: Stage) {
        let clock = BusinessClock::real(stage.db.engine(), Arc::new(cpor_types::SystemClock));
        let host = stage.host_on(stage.db.clone(), clock, Arc::new(Nowhere)).await;
        let bench = Bench::new(&host);
        let shutdown = cpor_kit::lifecycle::Shutdown::new(std::time::Duration::from_secs(1));
        let tasks = cpor_kit::lifecycle::Tasks::new(&shutdown, &cpor_kit::Metrics::new(), Arc::new(cpor_types::SystemEntropy));
        host.start(&tasks);
        let soon = host.now().await.unwrap() + TimeDelta::milliseconds(50);
        run_open(&bench.writer, command(&key(1)), "one", Some(soon)).await.unwrap();
        while !stored(&stage.db, &key(1)).await.unwrap().state.closed {
            tokio::task::yield_now().await;
        }
        let (_, _, _, effective, recorded) = history(&stage.db, &key(1)).await.remove(1);
        assert!(effective == soon && recorded >= soon);
        shutdown.drain();
        tasks.join().await;
    }
}
