//! Deliveries that are cut short: by a lease that runs out, a process that is killed, a receiver that does not answer.
use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use cpor_durable::{BusinessClock, Courier};
use cpor_kit::Metrics;
use cpor_proto::operations::v1::StreamState;
use tokio::task::JoinHandle;

use crate::{
    pair::{Fate, Pair},
    stage::{Stage, on_both},
};

/// A delivery that has arrived and is not answered.
async fn under_way(pair: &Arc<Pair>) -> JoinHandle<u64> {
    let delivering = Arc::clone(pair);
    let delivery = tokio::spawn(async move { delivering.drain().await });
    pair.wire.arrived.notified().await;
    delivery
}

on_both! {
    async fn a_relay_that_has_lost_its_lease_does_not_advance(stage: Stage) {
        let pair = Arc::new(Pair::with_ticket(stage).await);
        pair.add(1).await;
        let held = pair.wire.held.lock().await;
        let slow = under_way(&pair).await;
        assert_eq!(pair.drain().await, 0, "leased: nobody else delivers");
        pair.stage.wall.advance_by(TimeDelta::seconds(10));
        pair.add(10).await;
        let other = under_way(&pair).await;
        drop(held);
        let (slow, other) = (slow.await.unwrap(), other.await.unwrap());
        assert_eq!(slow + other, 2, "each event is counted off once");
        assert_eq!(pair.mirrored(1).await, Some(11));
        assert_eq!(pair.streams(StreamState::Idle).await[0].delivered_sequence, 2);
    }

    /// As on PostgreSQL, where the next process is not alone and knows nobody's death.
    async fn what_a_killed_process_was_delivering_rests_for_ten_seconds(stage: Stage) {
        let pair = Arc::new(Pair::with_ticket(stage).await);
        pair.add(1).await;
        killed_while_delivering(&pair).await;
        let courier: Arc<dyn Courier> = pair.wire.clone();
        let other = pair.stage.host_on(pair.stage.other_process().await, BusinessClock::Virtual, courier).await;
        pair.stage.wall.advance_by(TimeDelta::seconds(10) - TimeDelta::microseconds(1));
        assert_eq!(other.relay().drain().await.unwrap(), 0);
        pair.stage.wall.advance_by(TimeDelta::microseconds(1));
        assert_eq!(other.relay().drain().await.unwrap(), 1);
        assert_eq!(pair.mirrored(1).await, Some(1), "it had arrived");
    }

    async fn what_a_dead_process_has_committed_is_delivered_by_the_next(stage: Stage) {
        let pair = Pair::with_ticket(stage).await;
        pair.add(1).await;
        pair.fates([Fate::AnswerIsLost]);
        assert_eq!(pair.drain().await, 0);
        pair.add(10).await;
        pair.later();
        let courier: Arc<dyn Courier> = pair.wire.clone();
        let next = pair.stage.host_on(pair.stage.reopened().await, BusinessClock::Virtual, courier).await;
        assert_eq!(next.relay().drain().await.unwrap(), 2);
        assert_eq!(pair.mirrored(1).await, Some(11));
    }
}

/// On SQLite the next process is alone: it does not wait for the leases of the one that was killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_process_leaves_nothing_to_wait_for() {
    let pair = Arc::new(Pair::with_ticket(Stage::sqlite().await).await);
    pair.add(1).await;
    killed_while_delivering(&pair).await;
    let courier: Arc<dyn Courier> = pair.wire.clone();
    let next = pair.stage.host_on(pair.stage.reopened().await, BusinessClock::Virtual, courier).await;
    let shutdown = cpor_kit::lifecycle::Shutdown::new(Duration::from_secs(1));
    let tasks = cpor_kit::lifecycle::Tasks::new(&shutdown, &Metrics::new(), Arc::new(cpor_types::SystemEntropy));
    next.start(&tasks);
    // Real time stands still here, so no lease runs out.
    let delivered = async {
        while !pair.streams(StreamState::Pending).await.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), delivered).await.unwrap();
    assert_eq!(pair.mirrored(1).await, Some(1));
    shutdown.drain();
    tasks.join().await;
}

/// Whoever is killed has sent something and not heard what came of it.
async fn killed_while_delivering(pair: &Arc<Pair>) {
    let held = pair.wire.held.lock().await;
    let killed = tokio::spawn({
        let pair = Arc::clone(pair);
        async move { pair.drain().await }
    });
    pair.wire.arrived.notified().await;
    killed.abort();
    assert!(killed.await.unwrap_err().is_cancelled());
    drop(held);
}

#[tokio::test]
async fn a_receiver_that_does_not_answer_is_given_up_on_sqlite() {
    a_receiver_that_does_not_answer_is_given_up(Stage::sqlite().await).await;
}

#[tokio::test]
async fn a_receiver_that_does_not_answer_is_given_up_on_postgres() {
    a_receiver_that_does_not_answer_is_given_up(Stage::postgres().await).await;
}

/// While the lease still lasts, which ends by a clock that stands still here. Tokio's is moved by hand.
async fn a_receiver_that_does_not_answer_is_given_up(stage: Stage) {
    let pair = Arc::new(Pair::with_ticket(stage).await);
    pair.add(1).await;
    let held = pair.wire.held.lock().await;
    let slow = under_way(&pair).await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(5)).await;
    tokio::time::resume();
    assert_eq!(slow.await.unwrap(), 0);
    let pending = pair.streams(StreamState::Pending).await;
    let failed = (pending[0].attempts, pending[0].last_error.as_str());
    assert_eq!(failed, (1, "the receiver did not answer in time"));
    drop(held);
    pair.later();
    assert_eq!(pair.drain().await, 1);
    assert_eq!(pair.mirrored(1).await, Some(1));
}
