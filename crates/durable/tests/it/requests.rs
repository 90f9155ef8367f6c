//! Request ids: at most once, whatever the client's network does (AIP-155).
use cpor_durable::{Command, Failure, Key, RequestId};

use crate::{
    stage::{Bench, Stage, on_both},
    toy::{Boxed, Refusal, command, counts, key, run_add, run_open},
};

fn request(id: &str, body: u8) -> RequestId {
    RequestId { caller: "alice".to_owned(), method: "OpenTicket", id: id.to_owned(), body_hash: [body; 32] }
}

fn named(key: &Key, id: &str, body: u8) -> Command {
    command(key).request(request(id, body))
}

on_both! {
    async fn a_repeat_is_answered_with_what_the_first_one_made_as_it_stands(stage: Stage) {
        let bench = Bench::new(&stage.host().await);
        let first = run_open(&bench.writer, named(&key(1), "r", 1), "one", None).await.unwrap();
        run_add(&bench.writer, command(&key(1)), 5).await.unwrap();
        let again = run_open(&bench.writer, named(&key(2), "r", 1), "one", None).await.unwrap();
        assert!(!first.replayed && again.replayed);
        assert_eq!((&again.key, again.version, again.state.unwrap().count), (&key(1), 2, 5));
        assert_eq!(counts(&stage.db).await.len(), 1);
    }

    async fn a_repeat_in_the_same_batch_is_one_too(stage: Stage) {
        let bench = Bench::new(&stage.host().await);
        let keys: Vec<_> = (0..5).map(key).collect();
        let opened = bench.together(keys.iter().map(|key| run_open(&bench.writer, named(key, "r", 1), "one", None))).await;
        let opened: Vec<_> = opened.into_iter().map(Result::unwrap).collect();
        assert!(opened.iter().all(|opened| opened.key == keys[0]));
        assert_eq!(opened.iter().filter(|opened| opened.replayed).count(), 4);
        assert_eq!(counts(&stage.db).await.len(), 1);
    }

    async fn the_same_id_with_another_body_is_refused(stage: Stage) {
        let bench = Bench::new(&stage.host().await);
        run_open(&bench.writer, named(&key(1), "r", 1), "one", None).await.unwrap();
        assert_eq!(run_open(&bench.writer, named(&key(2), "r", 2), "two", None).await, Err(Failure::RequestIdReused));
    }

    async fn callers_methods_and_ids_are_told_apart(stage: Stage) {
        let bench = Bench::new(&stage.host().await);
        let base = request("r", 1);
        let others = [
            RequestId { caller: "bob".to_owned(), ..base.clone() },
            RequestId { method: "CloseTicket", ..base.clone() },
            RequestId { id: "q".to_owned(), ..base.clone() },
            base,
        ];
        for (n, request) in others.into_iter().enumerate() {
            let opened = run_open(&bench.writer, command(&key(n as u128)).request(request), &n.to_string(), None).await;
            assert!(!opened.unwrap().replayed);
        }
    }

    async fn refusals_are_decided_afresh(stage: Stage) {
        let bench = Bench::new(&stage.host().await);
        let adding = || run_add(&bench.writer, command(&key(1)).request(request("r", 1)), 1);
        assert_eq!(adding().await, Err(Failure::Refused(Refusal::Missing)));
        run_open(&bench.writer, command(&key(1)), "one", None).await.unwrap();
        assert!(!adding().await.unwrap().replayed);
        assert!(adding().await.unwrap().replayed);
        assert_eq!(counts(&stage.db).await[&key(1)], 1);
    }

    async fn one_id_from_two_replicas_at_once_takes_effect_once(stage: Stage) {
        let benches = [Bench::new(&stage.host().await), Bench::new(&other(&stage).await)];
        for round in 0..20_u128 {
            let id = round.to_string();
            let opened = futures_util::future::join_all(benches.iter().enumerate().map(|(n, bench)| -> Boxed<'_> {
                let (title, id) = (format!("{round} {n}"), id.clone());
                Box::pin(async move { run_open(&bench.writer, named(&key(round * 2 + n as u128), &id, 1), &title, None).await })
            }))
            .await;
            let [one, two] = [opened[0].as_ref().unwrap(), opened[1].as_ref().unwrap()];
            assert_eq!(one.key, two.key);
            assert!(one.replayed != two.replayed);
        }
        assert_eq!(counts(&stage.db).await.len(), 20);
    }

    async fn ids_are_forgotten_after_a_day(stage: Stage) {
        let host = stage.host().await;
        let bench = Bench::new(&host);
        run_open(&bench.writer, named(&key(1), "old", 1), "one", None).await.unwrap();
        stage.wall.advance_by(chrono::TimeDelta::hours(23));
        run_open(&bench.writer, named(&key(2), "new", 1), "two", None).await.unwrap();
        host.sweep().await.unwrap();
        assert!(run_open(&bench.writer, named(&key(3), "old", 1), "three", None).await.unwrap().replayed);
        stage.wall.advance_by(chrono::TimeDelta::hours(2));
        host.sweep().await.unwrap();
        assert!(!run_open(&bench.writer, named(&key(3), "old", 1), "three", None).await.unwrap().replayed);
        assert!(run_open(&bench.writer, named(&key(4), "new", 1), "four", None).await.unwrap().replayed);
    }
}

async fn other(stage: &Stage) -> cpor_durable::Host {
    let db = stage.other_process().await;
    stage.host_on(db, cpor_durable::BusinessClock::Virtual, std::sync::Arc::new(crate::stage::Nowhere)).await
}

/// PostgreSQL alone has two processes on one database. The second one has looked for the request id before the first
/// one commits, and meets what it did only behind the aggregate's lock.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeat_that_is_overtaken_by_the_first_is_answered_like_a_repeat() {
    let stage = Stage::postgres().await;
    let benches = [Bench::new(&stage.host().await), Bench::new(&other(&stage).await)];
    run_open(&benches[0].writer, command(&key(1)), "one", None).await.unwrap();
    let close = |bench: &Bench| {
        let writer = bench.writer.clone();
        let once = |ticket: Option<&crate::toy::Ticket>, _| match ticket {
            Some(ticket) if !ticket.closed => Ok(Some(ticket.close())),
            Some(_) | None => Err(Refusal::Closed),
        };
        async move { writer.execute(named(&key(1), "close", 1), once).await }
    };
    let held = benches[1].tickets.hold().await;
    let second = tokio::spawn(close(&benches[1]));
    benches[1].tickets.arrived().await;
    assert!(!close(&benches[0]).await.unwrap().replayed);
    drop(held);
    let second = second.await.unwrap().unwrap();
    assert!(second.replayed && second.version == 2);
}
