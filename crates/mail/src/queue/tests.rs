use chrono::TimeDelta;
use cpor_types::{Clock as _, Entropy as _, SystemEntropy, VirtualClock};

use super::*;
use crate::engines::on_both;
use crate::queue::sample::drafts;

fn clock() -> VirtualClock {
    VirtualClock::new("2026-03-02T08:30:00Z".parse().unwrap())
}

async fn queued(db: &cpor_kit::Db, drafts: Vec<Draft>) {
    let tx = db.begin().await.unwrap();
    enqueue(&tx, drafts).await.unwrap();
    tx.commit().await.unwrap();
}

async fn leased(db: &cpor_kit::Db, clock: &VirtualClock, limit: u64) -> Vec<Leased> {
    let now = clock.now();
    lease(db, SystemEntropy.uuid(), now, now + TimeDelta::minutes(5), limit).await.unwrap()
}

#[tokio::test]
async fn a_mail_is_there_if_its_transaction_commits_and_only_then() {
    on_both(async |db| {
        let clock = clock();
        let tx = db.begin().await.unwrap();
        enqueue(&tx, drafts(3)).await.unwrap();
        tx.rollback().await.unwrap();
        assert_eq!(waiting(db.reader(), clock.now()).await.unwrap(), (0, 0));
        queued(&db, drafts(3)).await;
        queued(&db, drafts(3)).await;
        assert_eq!(waiting(db.reader(), clock.now()).await.unwrap(), (3, 3), "the same id twice is one mail");
        queued(&db, vec![]).await;
    })
    .await;
}

#[tokio::test]
async fn a_leased_mail_is_nobody_elses_until_the_lease_ends() {
    on_both(async |db| {
        let clock = clock();
        queued(&db, drafts(5)).await;
        let first = leased(&db, &clock, 3).await;
        let second = leased(&db, &clock, 10).await;
        let mut ids: Vec<_> = first.iter().chain(&second).map(|leased| leased.mail.id).collect();
        ids.sort_unstable();
        assert_eq!((first.len(), second.len()), (3, 2));
        assert_eq!(ids, drafts(5).into_iter().map(|draft| draft.id).collect::<Vec<_>>());
        assert!(leased(&db, &clock, 10).await.is_empty());

        clock.advance_by(TimeDelta::minutes(5));
        let again = leased(&db, &clock, 10).await;
        assert_eq!(again.len(), 5);
        assert!(!settle(&db, &first[0], MailState::Sent, clock.now()).await.unwrap(), "its lease has ended");
        assert_eq!(again[0].first_attempt_time, clock.now() - TimeDelta::minutes(5));
    })
    .await;
}

#[tokio::test]
async fn what_is_settled_is_done_and_what_is_postponed_comes_back() {
    on_both(async |db| {
        let clock = clock();
        queued(&db, drafts(4)).await;
        let leases = leased(&db, &clock, 4).await;
        for (lease, state) in leases.iter().zip([MailState::Sent, MailState::Bounced, MailState::Withdrawn]) {
            assert!(settle(&db, lease, state, clock.now()).await.unwrap());
        }
        let next = clock.now() + TimeDelta::minutes(1);
        assert!(postpone(&db, &leases[3], next, "SMTP 450").await.unwrap());
        assert_eq!(waiting(db.reader(), clock.now()).await.unwrap(), (1, 0));
        assert!(leased(&db, &clock, 4).await.is_empty());

        clock.advance_to(next);
        let again = leased(&db, &clock, 4).await;
        assert_eq!(again.len(), 1);
        assert_eq!(again[0].mail, Mail { attempts: 1, ..leases[3].mail.clone() });
    })
    .await;
}

#[tokio::test]
async fn two_senders_never_lease_the_same_mail() {
    on_both(async |db| {
        let clock = clock();
        queued(&db, drafts(60)).await;
        let rounds = (0..12).map(|_| leased(&db, &clock, 7));
        let mut ids: Vec<_> =
            futures_util::future::join_all(rounds).await.into_iter().flatten().map(|leased| leased.mail.id).collect();
        // Rows that a rival had locked at that moment are left for later.
        ids.extend(leased(&db, &clock, 60).await.into_iter().map(|leased| leased.mail.id));
        ids.sort_unstable();
        assert_eq!(ids, drafts(60).into_iter().map(|draft| draft.id).collect::<Vec<_>>());
    })
    .await;
}

#[tokio::test]
async fn a_mail_whose_recipient_is_forgotten_is_not_sent_any_more() {
    on_both(async |db| {
        let clock = clock();
        let sent = drafts(3);
        queued(&db, sent.clone()).await;
        let leased = leased(&db, &clock, 2).await;
        assert!(settle(&db, &leased[0], MailState::Sent, clock.now()).await.unwrap());
        let tx = db.begin().await.unwrap();
        forget(&tx, "tenant", &sent.iter().map(|draft| draft.id).collect::<Vec<_>>()).await.unwrap();
        tx.commit().await.unwrap();
        let refused = "550 no such user as anna.lee@fabrikam.example";
        assert!(!postpone(&db, &leased[1], clock.now(), refused).await.unwrap(), "it is no longer its sender's");
        assert_eq!(waiting(db.reader(), clock.now()).await.unwrap(), (0, 0));
        let rows = entity::Entity::find().all(db.reader()).await.unwrap();
        assert!(rows.iter().all(|row| row.recipient.is_empty() && row.last_error.is_empty()));
        let states: Vec<_> = rows.iter().map(|row| row.state.as_str()).collect();
        assert_eq!(states.iter().filter(|state| **state == "sent").count(), 1);
        assert_eq!(states.iter().filter(|state| **state == "withdrawn").count(), 2);
    })
    .await;
}
