use crate::test_database::empty_queue;
use chrono::TimeDelta;
use cpor_database::Db;
use cpor_testing::on_both_databases;
use cpor_types::{Clock as _, Entropy as _, SystemEntropy, VirtualClock};

use super::*;
use crate::queue::sample::new_mails;

on_both_databases![with empty_queue:
    a_mail_is_queued_only_if_the_transaction_commits,
    a_lease_excludes_others_until_it_ends,
    finished_mails_are_done_postponed_mails_return,
    two_senders_never_lease_the_same_mail,
    a_mail_with_an_erased_recipient_is_not_sent,
    the_database_admits_exactly_the_states,
];

fn clock() -> VirtualClock {
    VirtualClock::new("2026-03-02T08:30:00Z".parse().unwrap())
}

async fn enqueue_committed(db: &cpor_database::Db, mails: Vec<NewMail>) {
    let tx = db.begin().await.unwrap();
    enqueue(&tx, mails).await.unwrap();
    tx.commit().await.unwrap();
}

async fn lease_mails(db: &cpor_database::Db, clock: &VirtualClock, limit: u64) -> Vec<LeasedMail> {
    let now = clock.now();
    lease_due(db, SystemEntropy.uuid(), now, now + TimeDelta::minutes(5), limit).await.unwrap()
}

async fn a_mail_is_queued_only_if_the_transaction_commits(db: Db) {
    let clock = clock();
    let tx = db.begin().await.unwrap();
    enqueue(&tx, new_mails(3)).await.unwrap();
    tx.rollback().await.unwrap();
    assert_eq!(count_queued(db.reader(), clock.now()).await.unwrap(), QueueCounts { queued: 0, due: 0 });
    enqueue_committed(&db, new_mails(3)).await;
    enqueue_committed(&db, new_mails(3)).await;
    assert_eq!(
        count_queued(db.reader(), clock.now()).await.unwrap(),
        QueueCounts { queued: 3, due: 3 },
        "the same id twice is one mail"
    );
    enqueue_committed(&db, vec![]).await;
}

async fn the_database_admits_exactly_the_states(db: Db) {
    use sea_orm::ActiveEnum as _;
    let admitted = cpor_bulk_rows::allowed_texts(db.writer(), "mail", "state").await.unwrap();
    assert_eq!(admitted, MailState::values().into_iter().collect());
}

async fn a_lease_excludes_others_until_it_ends(db: Db) {
    let clock = clock();
    enqueue_committed(&db, new_mails(5)).await;
    let first = lease_mails(&db, &clock, 3).await;
    let second = lease_mails(&db, &clock, 10).await;
    let mut ids: Vec<_> = first.iter().chain(&second).map(|leased| leased.mail.id).collect();
    ids.sort_unstable();
    assert_eq!((first.len(), second.len()), (3, 2));
    assert_eq!(ids, new_mails(5).into_iter().map(|draft| draft.id).collect::<Vec<_>>());
    assert!(lease_mails(&db, &clock, 10).await.is_empty());

    clock.advance_by(TimeDelta::minutes(5));
    let again = lease_mails(&db, &clock, 10).await;
    assert_eq!(again.len(), 5);
    assert!(!finish(&db, &first[0], MailState::Sent, clock.now()).await.unwrap(), "the lease has ended");
    assert_eq!(again[0].first_attempt_time, clock.now() - TimeDelta::minutes(5));
}

async fn finished_mails_are_done_postponed_mails_return(db: Db) {
    let clock = clock();
    enqueue_committed(&db, new_mails(4)).await;
    let leases = lease_mails(&db, &clock, 4).await;
    for (lease, state) in leases.iter().zip([MailState::Sent, MailState::Bounced, MailState::Withdrawn]) {
        assert!(finish(&db, lease, state, clock.now()).await.unwrap());
    }
    let next = clock.now() + TimeDelta::minutes(1);
    assert!(postpone(&db, &leases[3], next, "SMTP 450").await.unwrap());
    assert_eq!(count_queued(db.reader(), clock.now()).await.unwrap(), QueueCounts { queued: 1, due: 0 });
    assert!(lease_mails(&db, &clock, 4).await.is_empty());

    clock.advance_to(next);
    let again = lease_mails(&db, &clock, 4).await;
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].mail, Mail { attempts: 1, ..leases[3].mail.clone() });
}

async fn two_senders_never_lease_the_same_mail(db: Db) {
    let clock = clock();
    enqueue_committed(&db, new_mails(60)).await;
    let leases = (0..12).map(|_| lease_mails(&db, &clock, 7));
    let mut ids: Vec<_> =
        futures_util::future::join_all(leases).await.into_iter().flatten().map(|leased| leased.mail.id).collect();
    // SKIP LOCKED leaves out rows that another lease had locked at that moment.
    ids.extend(lease_mails(&db, &clock, 60).await.into_iter().map(|leased| leased.mail.id));
    ids.sort_unstable();
    assert_eq!(ids, new_mails(60).into_iter().map(|draft| draft.id).collect::<Vec<_>>());
}

async fn a_mail_with_an_erased_recipient_is_not_sent(db: Db) {
    let clock = clock();
    let mails = new_mails(3);
    enqueue_committed(&db, mails.clone()).await;
    let leased = lease_mails(&db, &clock, 2).await;
    assert!(finish(&db, &leased[0], MailState::Sent, clock.now()).await.unwrap());
    let tx = db.begin().await.unwrap();
    withdraw_and_erase(&tx, "tenant", &mails.iter().map(|draft| draft.id).collect::<Vec<_>>()).await.unwrap();
    tx.commit().await.unwrap();
    let bounce_reason = "550 no such user as anna.lee@fabrikam.example";
    assert!(!postpone(&db, &leased[1], clock.now(), bounce_reason).await.unwrap(), "the lease has been taken away");
    assert_eq!(count_queued(db.reader(), clock.now()).await.unwrap(), QueueCounts { queued: 0, due: 0 });
    let rows = entity::Entity::find().all(db.reader()).await.unwrap();
    assert!(rows.iter().all(|row| row.recipient.is_empty() && row.last_error.is_empty()));
    let states: Vec<_> = rows.iter().map(|row| row.state).collect();
    assert_eq!(states.iter().filter(|state| **state == MailState::Sent).count(), 1);
    assert_eq!(states.iter().filter(|state| **state == MailState::Withdrawn).count(), 2);
}
