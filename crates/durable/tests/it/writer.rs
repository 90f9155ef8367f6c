//! Group commit: commands share transactions, and do not notice.
use cpor_durable::{Committed, Failure};

use crate::{
    stage::{Bench, on_both, start},
    toy::{self, Refusal, TitleTaken, alice, command, counts, history, key, run_add, run_open, run_retitle, stored},
};

on_both! {
    async fn commands_that_wait_together_are_committed_together(stage: Stage) {
        let bench = Bench::new(&stage.host().await);
        let titles: Vec<String> = (0..100).map(|n| format!("ticket {n}")).collect();
        let opened = bench.together((0..100).map(|n| run_open(&bench.writer, command(&key(n)), &titles[n as usize], None))).await;
        assert!(opened.iter().all(|opened| opened.as_ref().unwrap().version == 1));
        assert_eq!(bench.tickets.taken_saves(), [100]);
        assert_eq!(counts(&stage.db).await.len(), 100);
    }

    async fn two_commands_on_one_aggregate_follow_each_other_in_one_batch(stage: Stage) {
        let bench = Bench::new(&stage.host().await);
        run_open(&bench.writer, command(&key(1)), "one", None).await.unwrap();
        bench.tickets.taken_saves();
        let added = bench.together([run_add(&bench.writer, command(&key(1)), 2), run_add(&bench.writer, command(&key(1)), 3)]).await;
        let seen: Vec<(u64, i64)> = added.into_iter().map(|added| added.unwrap()).map(|c| (c.version, c.state.unwrap().count)).collect();
        assert_eq!(seen, [(2, 2), (3, 5)], "each sees what the ones before it left, and nothing of the ones after");
        assert_eq!(bench.tickets.taken_saves(), [1]);
        let after = stored(&stage.db, &key(1)).await.unwrap();
        assert_eq!((after.version, after.state.count), (3, 5));
        let entries: Vec<_> = history(&stage.db, &key(1)).await.into_iter().map(|entry| (entry.0, entry.1)).collect();
        assert_eq!(entries, [(1, "opened".to_owned()), (2, "added 2".to_owned()), (3, "added 3".to_owned())]);
    }

    async fn a_ticket_is_created_and_changed_in_one_batch(stage: Stage) {
        let bench = Bench::new(&stage.host().await);
        let writer = &bench.writer;
        let opening = run_open(writer, command(&key(1)), "one", None);
        let adding = run_add(writer, command(&key(1)), 7);
        let (opening, adding): (toy::Boxed<'_>, toy::Boxed<'_>) = (Box::pin(opening), Box::pin(adding));
        let answers = bench.together([opening, adding]).await;
        assert_eq!(answers[1].as_ref().unwrap().version, 2);
        assert_eq!(stored(&stage.db, &key(1)).await.unwrap().state.count, 7);
    }

    async fn what_is_recorded_names_actor_and_times(stage: Stage) {
        let bench = Bench::new(&stage.host().await);
        let earlier = start() - chrono::TimeDelta::hours(1);
        run_open(&bench.writer, command(&key(1)).at(earlier), "one", None).await.unwrap();
        assert_eq!(history(&stage.db, &key(1)).await, [(1, "opened".to_owned(), alice().to_string(), earlier, start())]);
    }

    async fn nothing_to_change_changes_nothing(stage: Stage) {
        let bench = Bench::new(&stage.host().await);
        run_open(&bench.writer, command(&key(1)), "one", None).await.unwrap();
        bench.tickets.taken_saves();
        let same = run_add(&bench.writer, command(&key(1)), 0).await.unwrap();
        assert_eq!((same.version, same.replayed), (1, false));
        assert!(bench.tickets.taken_saves().is_empty());
    }

    async fn a_refused_command_does_not_touch_its_neighbours(stage: Stage) {
        let bench = Bench::new(&stage.host().await);
        let keys: Vec<_> = (0..3).map(key).collect();
        for n in [0, 2] {
            run_open(&bench.writer, command(&keys[n]), &format!("{n}"), None).await.unwrap();
        }
        bench.tickets.taken_saves();
        let answers = bench.together(keys.iter().map(|key| run_add(&bench.writer, command(key), 1))).await;
        assert!(matches!(answers[0], Ok(Committed { version: 2, .. })));
        assert_eq!(answers[1], Err(Failure::Refused(Refusal::Missing)));
        assert!(matches!(answers[2], Ok(Committed { version: 2, .. })));
        assert_eq!(bench.tickets.taken_saves(), [2]);
    }

    async fn a_clash_refuses_its_command_only(stage: Stage) {
        let bench = Bench::new(&stage.host().await);
        run_open(&bench.writer, command(&key(9)), "taken", None).await.unwrap();
        let titles = ["a", "taken", "b", "a"];
        let keys: Vec<_> = (0..4).map(key).collect();
        let answers = bench.together((0..4).map(|n| run_open(&bench.writer, command(&keys[n]), titles[n], None))).await;
        assert!(answers[0].is_ok() && answers[2].is_ok());
        assert_eq!(answers[1], Err(Failure::Clash(TitleTaken)));
        assert_eq!(answers[3], Err(Failure::Clash(TitleTaken)), "taken within the same batch");
        assert_eq!(counts(&stage.db).await.len(), 3);
        assert_eq!(history(&stage.db, &keys[1]).await, [], "nothing of a refused command is left");
    }

    async fn a_title_given_up_in_a_batch_is_free_for_the_next_command(stage: Stage) {
        let bench = Bench::new(&stage.host().await);
        for (n, title) in [(1, "x"), (2, "y")] {
            run_open(&bench.writer, command(&key(n)), title, None).await.unwrap();
        }
        let [one, two] = [key(1), key(2)];
        let swap = [run_retitle(&bench.writer, command(&one), "z"), run_retitle(&bench.writer, command(&two), "x")];
        assert!(bench.together(swap).await.iter().all(Result::is_ok));
        assert_eq!(stored(&stage.db, &two).await.unwrap().state.title, "x");
    }

    async fn what_cannot_be_saved_fails_alone(stage: Stage) {
        let bench = Bench::new(&stage.host().await);
        let titles = ["a", "b", "cannot be saved", "c", "panics when it is saved", "d", "e"];
        let keys: Vec<_> = (0..7).map(key).collect();
        let answers = bench.together((0..7).map(|n| run_open(&bench.writer, command(&keys[n]), titles[n], None))).await;
        for (answer, title) in answers.iter().zip(titles) {
            match title.len() {
                1 => assert!(answer.is_ok(), "{title}: {answer:?}"),
                _ => assert!(matches!(answer, Err(Failure::Unavailable(_))), "{title}: {answer:?}"),
            }
        }
        assert_eq!(counts(&stage.db).await.len(), 5);
    }

    async fn a_panic_in_a_decision_fails_that_command_and_the_lane_lives_on(stage: Stage) {
        let bench = Bench::new(&stage.host().await);
        let [one, two] = [key(1), key(2)];
        let writer = &bench.writer;
        let panicking: toy::Boxed<'_> = Box::pin(writer.execute(command(&one), |_, _| panic!("a fault of the domain")));
        let healthy: toy::Boxed<'_> = Box::pin(run_open(writer, command(&two), "two", None));
        let answers = bench.together([panicking, healthy]).await;
        let Err(Failure::Unavailable(why)) = &answers[0] else { panic!("{answers:?}") };
        assert!(why.contains("a fault of the domain"));
        assert!(answers[1].is_ok());
        assert!(run_open(writer, command(&one), "one", None).await.is_ok());
    }

    async fn a_caller_who_gives_up_does_not_stop_the_command(stage: Stage) {
        let bench = Bench::new(&stage.host().await);
        let held = bench.tickets.hold().await;
        let mut given_up = Box::pin(run_open(&bench.writer, command(&key(1)), "one", None));
        assert!(futures_util::poll!(&mut given_up).is_pending());
        bench.tickets.arrived().await;
        drop(given_up);
        drop(held);
        let added = run_add(&bench.writer, command(&key(1)), 1).await.unwrap();
        assert_eq!(added.version, 2);
    }

    async fn a_full_lane_refuses_at_once(stage: Stage) {
        let host = stage.host().await;
        let tickets = toy::Tickets::default();
        let writer = host.writer_with(tickets.clone(), cpor_durable::WriterSettings { lanes: 1, queue: 2, batch: 256 });
        let held = tickets.hold().await;
        let keys: Vec<_> = (0..4).map(key).collect();
        let mut waiting: Vec<toy::Boxed<'_>> = Vec::new();
        for (n, key) in keys.iter().enumerate().take(3) {
            waiting.push(Box::pin(run_open(&writer, command(key), ["a", "b", "c"][n], None)));
            assert!(futures_util::poll!(waiting.last_mut().unwrap()).is_pending());
            if n == 0 {
                tickets.arrived().await;
            }
        }
        assert_eq!(run_open(&writer, command(&keys[3]), "d", None).await, Err(Failure::Overloaded));
        drop(held);
        for waiting in waiting {
            assert!(waiting.await.is_ok());
        }
    }

    async fn a_database_that_is_gone_is_told_to_every_caller(stage: Stage) {
        let bench = Bench::new(&stage.host().await);
        run_open(&bench.writer, command(&key(1)), "one", None).await.unwrap();
        stage.db.clone().close().await.unwrap();
        let added = futures_util::future::join_all((0..20).map(|_| run_add(&bench.writer, command(&key(1)), 1))).await;
        assert!(added.iter().all(|added| matches!(added, Err(Failure::Unavailable(_)))));
    }

    async fn lanes_end_with_the_last_who_could_use_them(stage: Stage) {
        let host = stage.host().await;
        let bench = Bench::new(&host);
        run_open(&bench.writer, command(&key(1)), "one", None).await.unwrap();
        let Bench { writer, tickets } = bench;
        drop((writer, host));
        while std::sync::Arc::strong_count(&tickets.saves) > 1 {
            tokio::task::yield_now().await;
        }
    }

    async fn an_expected_version_that_is_gone_is_told(stage: Stage) {
        let bench = Bench::new(&stage.host().await);
        let writer = &bench.writer;
        assert_eq!(run_add(writer, command(&key(1)).expecting(3), 1).await, Err(Failure::Moved { expected: 3, actual: 0 }));
        run_open(writer, command(&key(1)).expecting(0), "one", None).await.unwrap();
        let answers = bench.together((0..2).map(|_| run_add(writer, command(&key(1)).expecting(1), 1))).await;
        assert!(answers[0].is_ok());
        assert_eq!(answers[1], Err(Failure::Moved { expected: 1, actual: 2 }));
    }
}
