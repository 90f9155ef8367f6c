//! Tests of the sender with a transport and a renderer whose behaviour the tests set.

use crate::test_database::empty_queue;
use cpor_database::Db;
use cpor_testing::{Engine, on_both_databases, run_on};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use chrono::TimeDelta;
use cpor_types::{SystemEntropy, VirtualClock};
use futures_util::FutureExt as _;
use uuid::Uuid;

use super::*;
use crate::queue::sample::{message, new_mails};
use crate::transport::EmlFiles;
use crate::{Mail, NewMail, Outcome, RenderResult, RendererError, SendError, enqueue};

on_both_databases![with empty_queue:
    every_mail_is_sent_and_reported_once,
    r41_a_permanent_refusal_is_not_retried,
    a_deferred_mail_is_rendered_and_sent_again,
    only_deferrals_by_the_server_become_a_bounce,
    a_withdrawn_mail_is_not_sent,
    an_outcome_is_reported_again_without_a_resend,
    a_mail_without_an_address_bounces,
    a_running_sender_wakes_up_and_stops,
    a_late_run_keeps_the_leases_of_its_own_process,
    a_killed_senders_mail_waits_for_its_lease,
    an_empty_batch_does_not_signal_progress,
    a_mail_is_not_sent_if_its_lease_may_end,
    mails_over_the_budget_are_delayed_and_not_lost,
];

/// The kind of the mails that must be sent.
const REQUIRED_MAIL: &str = "required";

/// A transport and renderer that records calls and fails as a test asks for.
#[derive(Clone, Default)]
struct FakeMailSystem(Arc<Mutex<FakeState>>);

#[derive(Default)]
struct FakeState {
    sent: Vec<Uuid>,
    render_count: usize,
    outcomes: Vec<(Uuid, Outcome)>,
    send_errors: HashMap<Uuid, Vec<SendError>>,
    withdrawn: Vec<Uuid>,
    failing_reports: u32,
    /// Advances the clock by this much during the first rendering.
    slow_rendering: Option<(VirtualClock, TimeDelta)>,
}

impl FakeMailSystem {
    fn with<T>(&self, access: impl FnOnce(&mut FakeState) -> T) -> T {
        access(&mut self.0.lock().unwrap())
    }
}

impl MailRenderer for FakeMailSystem {
    async fn render(&self, mail: &Mail) -> Result<RenderResult, RendererError> {
        self.with(|state| {
            state.render_count += 1;
            if let Some((clock, time)) = state.slow_rendering.take() {
                clock.advance_by(time);
            }
            if state.withdrawn.contains(&mail.id) {
                return Ok(RenderResult::Withdrawn);
            }
            Ok(RenderResult::Message(Box::new(message(mail))))
        })
    }

    async fn record_outcome(&self, mail: &Mail, outcome: Outcome) -> Result<(), RendererError> {
        self.with(|state| {
            if state.failing_reports > 0 {
                state.failing_reports -= 1;
                return Err(RendererError("not now".into()));
            }
            state.outcomes.push((mail.id, outcome));
            Ok(())
        })
    }

    fn is_required(&self, mail: &Mail) -> bool {
        mail.kind == REQUIRED_MAIL
    }
}

#[async_trait::async_trait]
impl Transport for FakeMailSystem {
    async fn send(&self, mail: &Mail, message: &lettre::Message) -> Result<(), SendError> {
        let id = format!("Message-ID: <{}@cpor.example>", mail.id);
        assert!(String::from_utf8_lossy(&message.formatted()).contains(&id));
        self.with(|state| match state.send_errors.get_mut(&mail.id).and_then(Vec::pop) {
            Some(error) => Err(error),
            None => {
                state.sent.push(mail.id);
                Ok(())
            }
        })
    }
}

fn clock() -> VirtualClock {
    VirtualClock::new("2026-03-02T08:30:00Z".parse().unwrap())
}

fn sender(
    db: &Db,
    clock: &VirtualClock,
    fake: &FakeMailSystem,
    transport: Box<dyn Transport>,
) -> Sender<FakeMailSystem> {
    sender_with(db, clock, fake, transport, MailConfig::default())
}

fn sender_with(
    db: &Db,
    clock: &VirtualClock,
    fake: &FakeMailSystem,
    transport: Box<dyn Transport>,
    config: MailConfig,
) -> Sender<FakeMailSystem> {
    let parts = SenderParts {
        service: Service::CustomerConsent,
        db: db.clone(),
        clock: Arc::new(clock.clone()),
        entropy: Arc::new(SystemEntropy),
        metrics: Metrics::new(),
        renderer: fake.clone(),
        transport,
        config,
    };
    Sender::new(parts).unwrap()
}

async fn enqueue_committed(db: &Db, n: usize) -> Vec<NewMail> {
    let tx = db.begin().await.unwrap();
    enqueue(&tx, new_mails(n)).await.unwrap();
    tx.commit().await.unwrap();
    new_mails(n)
}

async fn every_mail_is_sent_and_reported_once(db: Db) {
    let (clock, fake) = (clock(), FakeMailSystem::default());
    let sender = sender(&db, &clock, &fake, Box::new(fake.clone()));
    let mut expected: Vec<Uuid> = enqueue_committed(&db, 20).await.into_iter().map(|draft| draft.id).collect();
    assert_eq!(sender.count_queued().await.unwrap(), 20);
    assert_eq!(sender.send_due_mails().await.unwrap(), 0);
    assert_eq!(sender.send_due_mails().await.unwrap(), 0);
    expected.sort_unstable();
    fake.with(|state| {
        state.sent.sort_unstable();
        state.outcomes.sort_unstable_by_key(|(id, _)| *id);
        assert_eq!(state.sent, expected);
        assert_eq!(state.outcomes, expected.iter().map(|id| (*id, Outcome::Accepted)).collect::<Vec<_>>());
    });
}

async fn r41_a_permanent_refusal_is_not_retried(db: Db) {
    let (clock, fake) = (clock(), FakeMailSystem::default());
    let id = enqueue_committed(&db, 1).await[0].id;
    fake.with(|state| state.send_errors.insert(id, vec![SendError::Permanent("SMTP 550".into())]));
    let sender = sender(&db, &clock, &fake, Box::new(fake.clone()));
    assert_eq!(sender.send_due_mails().await.unwrap(), 0);
    clock.advance_by(TimeDelta::days(30));
    sender.send_due_mails().await.unwrap();
    fake.with(|state| {
        assert_eq!((state.sent.len(), &*state.outcomes), (0, &[(id, Outcome::Bounced("SMTP 550".into()))][..]))
    });
}

async fn a_deferred_mail_is_rendered_and_sent_again(db: Db) {
    let (clock, fake) = (clock(), FakeMailSystem::default());
    let id = enqueue_committed(&db, 1).await[0].id;
    let send_errors = vec![SendError::Unavailable("no server".into()), SendError::Deferred("SMTP 450".into())];
    fake.with(|state| state.send_errors.insert(id, send_errors));
    let sender = sender(&db, &clock, &fake, Box::new(fake.clone()));
    for left in [1, 1, 0] {
        assert_eq!(sender.send_due_mails().await.unwrap(), left);
        clock.advance_by(TimeDelta::minutes(15));
    }
    fake.with(|state| {
        assert_eq!(
            (state.render_count, &*state.sent, &*state.outcomes),
            (3, &[id][..], &[(id, Outcome::Accepted)][..])
        );
    });
}

async fn only_deferrals_by_the_server_become_a_bounce(db: Db) {
    let (clock, fake) = (clock(), FakeMailSystem::default());
    let ids: Vec<Uuid> = enqueue_committed(&db, 2).await.into_iter().map(|draft| draft.id).collect();
    fake.with(|state| {
        state.send_errors.insert(ids[0], vec![SendError::Deferred("SMTP 451".into()); 9]);
        state.send_errors.insert(ids[1], vec![SendError::Unavailable("no server".into()); 9]);
    });
    let sender = sender(&db, &clock, &fake, Box::new(fake.clone()));
    assert_eq!(sender.send_due_mails().await.unwrap(), 2);
    clock.advance_by(TimeDelta::hours(121));
    assert_eq!(sender.send_due_mails().await.unwrap(), 1);
    fake.with(|state| assert_eq!(state.outcomes, [(ids[0], Outcome::Bounced("SMTP 451".into()))]));
}

async fn a_withdrawn_mail_is_not_sent(db: Db) {
    let (clock, fake) = (clock(), FakeMailSystem::default());
    let id = enqueue_committed(&db, 1).await[0].id;
    fake.with(|state| state.withdrawn.push(id));
    assert_eq!(sender(&db, &clock, &fake, Box::new(fake.clone())).send_due_mails().await.unwrap(), 0);
    fake.with(|state| assert_eq!((state.sent.len(), state.outcomes.len()), (0, 0)));
}

async fn an_outcome_is_reported_again_without_a_resend(db: Db) {
    let (clock, fake) = (clock(), FakeMailSystem::default());
    let id = enqueue_committed(&db, 1).await[0].id;
    fake.with(|state| state.failing_reports = 2);
    assert_eq!(sender(&db, &clock, &fake, Box::new(fake.clone())).send_due_mails().await.unwrap(), 0);
    fake.with(|state| assert_eq!((&*state.sent, &*state.outcomes), (&[id][..], &[(id, Outcome::Accepted)][..])));
}

async fn a_mail_without_an_address_bounces(db: Db) {
    let (clock, fake) = (clock(), FakeMailSystem::default());
    let tx = db.begin().await.unwrap();
    let draft = NewMail { recipient: "nobody".into(), ..new_mails(1).remove(0) };
    enqueue(&tx, [draft.clone()]).await.unwrap();
    tx.commit().await.unwrap();
    sender(&db, &clock, &fake, Box::new(fake.clone())).send_due_mails().await.unwrap();
    fake.with(|state| {
        assert_eq!(
            state.outcomes,
            [(draft.id, Outcome::Bounced("the recipient's address must be a valid e-mail address".into()))]
        )
    });
}

async fn a_running_sender_wakes_up_and_stops(db: Db) {
    let (clock, fake, folder) = (clock(), FakeMailSystem::default(), tempfile::tempdir().unwrap());
    let files = EmlFiles::new(folder.path().to_owned()).unwrap();
    let sender = sender(&db, &clock, &fake, Box::new(files));
    let stop = CancellationToken::new();
    let running = tokio::spawn(sender.clone().run(stop.clone()));
    enqueue_committed(&db, 3).await;
    sender.wake();
    assert_eq!(sender.send_due_mails().await.unwrap(), 0);
    stop.cancel();
    running.await.unwrap().unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
    fake.with(|state| assert_eq!(state.outcomes.len(), 3));
}

/// A transport that never answers.
#[derive(Clone, Default)]
struct SilentTransport(Arc<Notify>);

#[async_trait::async_trait]
impl Transport for SilentTransport {
    async fn send(&self, _mail: &Mail, _message: &lettre::Message) -> Result<(), SendError> {
        self.0.notify_one();
        std::future::pending().await
    }
}

/// Another task may drain the queue before the loop begins. The leases of that drain are not stale.
async fn a_late_run_keeps_the_leases_of_its_own_process(db: Db) {
    let (clock, fake, silent) = (clock(), FakeMailSystem::default(), SilentTransport::default());
    enqueue_committed(&db, 1).await;
    let sender_at_work = sender(&db, &clock, &fake, Box::new(silent.clone()));
    let draining = tokio::spawn({
        let sender = sender_at_work.clone();
        async move { sender.send_due_mails().await }
    });
    silent.0.notified().await;
    let stopped = CancellationToken::new();
    stopped.cancel();
    sender_at_work.run(stopped).await.unwrap();
    assert_eq!(sender(&db, &clock, &fake, Box::new(fake.clone())).send_batch().await.unwrap(), 0);
    draining.abort();
}

async fn a_killed_senders_mail_waits_for_its_lease(db: Db) {
    let (clock, fake, silent) = (clock(), FakeMailSystem::default(), SilentTransport::default());
    let id = enqueue_committed(&db, 1).await[0].id;
    let killed_sender = sender(&db, &clock, &fake, Box::new(silent.clone()));
    let task = tokio::spawn(async move { killed_sender.send_batch().await });
    silent.0.notified().await;
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());

    let other = sender(&db, &clock, &fake, Box::new(fake.clone()));
    clock.advance_by(TimeDelta::seconds(45) - TimeDelta::microseconds(1));
    assert_eq!(other.send_batch().await.unwrap(), 0);
    clock.advance_by(TimeDelta::microseconds(1));
    assert_eq!(other.send_batch().await.unwrap(), 1);
    fake.with(|state| assert_eq!(state.sent, [id]));
}

async fn an_empty_batch_does_not_signal_progress(db: Db) {
    let (clock, fake) = (clock(), FakeMailSystem::default());
    enqueue_committed(&db, 1).await;
    let sender = sender(&db, &clock, &fake, Box::new(fake.clone()));
    let until = clock.now() + TimeDelta::minutes(5);
    let leased_by_others = queue::lease_due(&db, Uuid::from_u128(1), clock.now(), until, 10).await.unwrap();
    assert_eq!(leased_by_others.len(), 1);
    // A drain that waits for progress would otherwise look again at once, and again.
    let progress = sender.0.progress.notified();
    assert_eq!(sender.send_batch().await.unwrap(), 0);
    assert!(progress.now_or_never().is_none());
}

/// Tokio's clock can be advanced only in a runtime with one thread.
#[tokio::test]
async fn a_silent_server_times_out_on_sqlite() {
    run_on(Engine::Sqlite, empty_queue, assert_silent_server_times_out).await;
}

#[tokio::test]
async fn a_silent_server_times_out_on_postgres() {
    run_on(Engine::Postgres, empty_queue, assert_silent_server_times_out).await;
}

async fn assert_silent_server_times_out(db: Db) {
    let (clock, fake, silent) = (clock(), FakeMailSystem::default(), SilentTransport::default());
    let id = enqueue_committed(&db, 1).await[0].id;
    let sender_at_work = sender(&db, &clock, &fake, Box::new(silent.clone()));
    let send_timeout = silent.send_timeout();
    assert!(send_timeout < sender_at_work.lease_duration());
    let attempt = tokio::spawn(async move { sender_at_work.send_batch().await });
    silent.0.notified().await;
    tokio::time::pause();
    tokio::time::advance(send_timeout).await;
    tokio::time::resume();
    assert_eq!(attempt.await.unwrap().unwrap(), 1);
    // The mail waits some seconds for its next attempt and is no longer leased; the virtual
    // clock stood still.
    clock.advance_by(TimeDelta::seconds(2));
    assert_eq!(sender(&db, &clock, &fake, Box::new(fake.clone())).send_due_mails().await.unwrap(), 0);
    fake.with(|state| assert_eq!(state.sent, [id]));
}

async fn a_mail_is_not_sent_if_its_lease_may_end(db: Db) {
    for (mails, seconds, sent) in [(1, 16, 0), (2, 15, 1)] {
        let (clock, fake) = (clock(), FakeMailSystem::default());
        enqueue_committed(&db, mails).await;
        fake.with(|state| state.slow_rendering = Some((clock.clone(), TimeDelta::seconds(seconds))));
        let sender = sender(&db, &clock, &fake, Box::new(fake.clone()));
        assert_eq!(sender.send_batch().await.unwrap(), 1);
        fake.with(|state| assert_eq!((state.render_count, state.sent.len()), (1, sent), "{seconds} s"));
        clock.advance_by(TimeDelta::seconds(2));
        assert_eq!(sender.send_due_mails().await.unwrap(), 0);
        fake.with(|state| assert_eq!(state.sent.len(), 1));
    }
}

async fn mails_over_the_budget_are_delayed_and_not_lost(db: Db) {
    let (clock, fake) = (clock(), FakeMailSystem::default());
    let config = MailConfig { per_recipient_per_hour: 3, required_per_recipient_per_hour: 3, ..MailConfig::default() };
    let sender = sender_with(&db, &clock, &fake, Box::new(fake.clone()), config);
    let to_all = |recipient: &str, kind, ids: std::ops::Range<u128>| {
        let (recipient, sample) = (recipient.to_owned(), new_mails(1).remove(0));
        ids.map(move |id| NewMail { id: Uuid::from_u128(id), recipient: recipient.clone(), kind, ..sample.clone() })
    };
    let tx = db.begin().await.unwrap();
    let flood = to_all("victim@fabrikam.example", "reminder", 0..8);
    let required = to_all("Victim@fabrikam.example", REQUIRED_MAIL, 100..103);
    let others = to_all("other@northwind.example", "reminder", 200..203);
    enqueue(&tx, flood.chain(required).chain(others)).await.unwrap();
    tx.commit().await.unwrap();

    assert_eq!(sender.send_due_mails().await.unwrap(), 5);
    let sent = |ids: std::ops::Range<u128>| {
        fake.with(|state| ids.filter(|id| state.sent.contains(&Uuid::from_u128(*id))).count())
    };
    assert_eq!([sent(0..8), sent(100..103), sent(200..203)], [3, 3, 3], "the flood delays only itself");
    assert_eq!(sender.send_due_mails().await.unwrap(), 5, "nothing is due before its time");
    for left in [4, 3, 2, 1, 0] {
        clock.advance_by(TimeDelta::minutes(20));
        let due = queue::count_queued(db.reader(), clock.now()).await.unwrap().due;
        assert_eq!(due, 1, "the delayed mails become due one after the other");
        assert_eq!(sender.send_due_mails().await.unwrap(), left);
    }
    assert_eq!(sent(0..8), 8);
    assert_eq!(fake.with(|state| state.sent.len()), 14, "each mail is sent once");
    assert_eq!(sender.count_queued().await.unwrap(), 0);
}
