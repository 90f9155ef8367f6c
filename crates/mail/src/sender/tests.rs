//! The sender with a transport and a composer that do as they are told.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use chrono::TimeDelta;
use cpor_types::{SystemEntropy, VirtualClock};
use futures_util::FutureExt as _;
use uuid::Uuid;

use super::*;
use crate::engines::on_both;
use crate::queue::sample::{drafts, words};
use crate::transport::EmlFiles;
use crate::{Composed, Draft, Mail, Outcome, Rejection, Unavailable, enqueue};

/// What was seen, and what is to happen.
#[derive(Clone, Default)]
struct World(Arc<Mutex<Inside>>);

#[derive(Default)]
struct Inside {
    sent: Vec<Uuid>,
    composed: usize,
    told: Vec<(Uuid, Outcome)>,
    rejections: HashMap<Uuid, Vec<Rejection>>,
    withdrawn: Vec<Uuid>,
    deaf: u32,
    /// How long the first words take, by which clock.
    slow: Option<(VirtualClock, TimeDelta)>,
}

impl World {
    fn with<T>(&self, look: impl FnOnce(&mut Inside) -> T) -> T {
        look(&mut self.0.lock().unwrap())
    }
}

impl Composer for World {
    async fn compose(&self, mail: &Mail) -> Result<Composed, Unavailable> {
        self.with(|inside| {
            inside.composed += 1;
            if let Some((clock, time)) = inside.slow.take() {
                clock.advance_by(time);
            }
            if inside.withdrawn.contains(&mail.id) {
                return Ok(Composed::Withdrawn);
            }
            Ok(Composed::Message(Box::new(words(mail))))
        })
    }

    async fn settled(&self, mail: &Mail, outcome: Outcome) -> Result<(), Unavailable> {
        self.with(|inside| {
            if inside.deaf > 0 {
                inside.deaf -= 1;
                return Err(Unavailable("not now".into()));
            }
            inside.told.push((mail.id, outcome));
            Ok(())
        })
    }
}

#[async_trait::async_trait]
impl Transport for World {
    async fn send(&self, mail: &Mail, message: &lettre::Message) -> Result<(), Rejection> {
        let id = format!("Message-ID: <{}@cpor.example>", mail.id);
        assert!(String::from_utf8_lossy(&message.formatted()).contains(&id));
        self.with(|inside| match inside.rejections.get_mut(&mail.id).and_then(Vec::pop) {
            Some(rejection) => Err(rejection),
            None => {
                inside.sent.push(mail.id);
                Ok(())
            }
        })
    }
}

fn clock() -> VirtualClock {
    VirtualClock::new("2026-03-02T08:30:00Z".parse().unwrap())
}

fn sender(db: &Db, clock: &VirtualClock, world: &World, transport: Box<dyn Transport>) -> Sender<World> {
    let parts = SenderParts {
        service: Service::CustomerConsent,
        db: db.clone(),
        clock: Arc::new(clock.clone()),
        entropy: Arc::new(SystemEntropy),
        metrics: Metrics::new(),
        composer: world.clone(),
        transport,
        config: MailConfig::default(),
    };
    Sender::new(parts).unwrap()
}

async fn queued(db: &Db, n: usize) -> Vec<Draft> {
    let tx = db.begin().await.unwrap();
    enqueue(&tx, drafts(n)).await.unwrap();
    tx.commit().await.unwrap();
    drafts(n)
}

#[tokio::test]
async fn every_mail_is_sent_once_and_the_composer_is_told() {
    on_both(async |db| {
        let (clock, world) = (clock(), World::default());
        let sender = sender(&db, &clock, &world, Box::new(world.clone()));
        let mut expected: Vec<Uuid> = queued(&db, 20).await.into_iter().map(|draft| draft.id).collect();
        assert_eq!(sender.unsettled().await.unwrap(), 20);
        assert_eq!(sender.drain().await.unwrap(), 0);
        assert_eq!(sender.drain().await.unwrap(), 0);
        expected.sort_unstable();
        world.with(|inside| {
            inside.sent.sort_unstable();
            inside.told.sort_unstable_by_key(|(id, _)| *id);
            assert_eq!(inside.sent, expected);
            assert_eq!(inside.told, expected.iter().map(|id| (*id, Outcome::Accepted)).collect::<Vec<_>>());
        });
    })
    .await;
}

#[tokio::test]
async fn r41_what_is_refused_for_good_is_not_tried_again() {
    on_both(async |db| {
        let (clock, world) = (clock(), World::default());
        let id = queued(&db, 1).await[0].id;
        world.with(|inside| inside.rejections.insert(id, vec![Rejection::Permanent("SMTP 550".into())]));
        let sender = sender(&db, &clock, &world, Box::new(world.clone()));
        assert_eq!(sender.drain().await.unwrap(), 0);
        clock.advance_by(TimeDelta::days(30));
        sender.drain().await.unwrap();
        world.with(|inside| {
            assert_eq!((inside.sent.len(), &*inside.told), (0, &[(id, Outcome::Bounced("SMTP 550".into()))][..]))
        });
    })
    .await;
}

#[tokio::test]
async fn what_is_put_off_is_tried_again_later_and_composed_anew() {
    on_both(async |db| {
        let (clock, world) = (clock(), World::default());
        let id = queued(&db, 1).await[0].id;
        let later = vec![Rejection::Unavailable("no server".into()), Rejection::Deferred("SMTP 450".into())];
        world.with(|inside| inside.rejections.insert(id, later));
        let sender = sender(&db, &clock, &world, Box::new(world.clone()));
        for left in [1, 1, 0] {
            assert_eq!(sender.drain().await.unwrap(), left);
            clock.advance_by(TimeDelta::minutes(15));
        }
        world.with(|inside| {
            assert_eq!((inside.composed, &*inside.sent, &*inside.told), (3, &[id][..], &[(id, Outcome::Accepted)][..]));
        });
    })
    .await;
}

#[tokio::test]
async fn a_mail_system_that_puts_off_for_days_has_refused_but_one_that_is_not_there_has_not() {
    on_both(async |db| {
        let (clock, world) = (clock(), World::default());
        let ids: Vec<Uuid> = queued(&db, 2).await.into_iter().map(|draft| draft.id).collect();
        world.with(|inside| {
            inside.rejections.insert(ids[0], vec![Rejection::Deferred("SMTP 451".into()); 9]);
            inside.rejections.insert(ids[1], vec![Rejection::Unavailable("no server".into()); 9]);
        });
        let sender = sender(&db, &clock, &world, Box::new(world.clone()));
        assert_eq!(sender.drain().await.unwrap(), 2);
        clock.advance_by(TimeDelta::hours(121));
        assert_eq!(sender.drain().await.unwrap(), 1);
        world.with(|inside| assert_eq!(inside.told, [(ids[0], Outcome::Bounced("SMTP 451".into()))]));
    })
    .await;
}

#[tokio::test]
async fn what_no_longer_holds_is_not_said() {
    on_both(async |db| {
        let (clock, world) = (clock(), World::default());
        let id = queued(&db, 1).await[0].id;
        world.with(|inside| inside.withdrawn.push(id));
        assert_eq!(sender(&db, &clock, &world, Box::new(world.clone())).drain().await.unwrap(), 0);
        world.with(|inside| assert_eq!((inside.sent.len(), inside.told.len()), (0, 0)));
    })
    .await;
}

#[tokio::test]
async fn an_outcome_that_could_not_be_noted_is_told_again_without_a_second_mail() {
    on_both(async |db| {
        let (clock, world) = (clock(), World::default());
        let id = queued(&db, 1).await[0].id;
        world.with(|inside| inside.deaf = 2);
        assert_eq!(sender(&db, &clock, &world, Box::new(world.clone())).drain().await.unwrap(), 0);
        world.with(|inside| assert_eq!((&*inside.sent, &*inside.told), (&[id][..], &[(id, Outcome::Accepted)][..])));
    })
    .await;
}

#[tokio::test]
async fn a_mail_without_an_address_bounces() {
    on_both(async |db| {
        let (clock, world) = (clock(), World::default());
        let tx = db.begin().await.unwrap();
        let draft = Draft { recipient: "nobody".into(), ..drafts(1).remove(0) };
        enqueue(&tx, [draft.clone()]).await.unwrap();
        tx.commit().await.unwrap();
        sender(&db, &clock, &world, Box::new(world.clone())).drain().await.unwrap();
        world.with(|inside| {
            assert_eq!(inside.told, [(draft.id, Outcome::Bounced("the recipient's address is none".into()))])
        });
    })
    .await;
}

#[tokio::test]
async fn a_running_sender_wakes_up_and_stops() {
    on_both(async |db| {
        let (clock, world, folder) = (clock(), World::default(), tempfile::tempdir().unwrap());
        let files = EmlFiles::new(folder.path().to_owned()).unwrap();
        let sender = sender(&db, &clock, &world, Box::new(files));
        let stop = CancellationToken::new();
        let running = tokio::spawn(sender.clone().run(stop.clone()));
        queued(&db, 3).await;
        sender.wake();
        assert_eq!(sender.drain().await.unwrap(), 0);
        stop.cancel();
        running.await.unwrap().unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
        world.with(|inside| assert_eq!(inside.told.len(), 3));
    })
    .await;
}

/// A mail server that takes a message and says nothing, for as long as nobody gives up.
#[derive(Clone, Default)]
struct Silent(Arc<Notify>);

#[async_trait::async_trait]
impl Transport for Silent {
    async fn send(&self, _mail: &Mail, _message: &lettre::Message) -> Result<(), Rejection> {
        self.0.notify_one();
        std::future::pending().await
    }
}

/// The loop may begin after somebody has drained the queue already: what this process is at is no dead one's.
#[tokio::test]
async fn a_sender_that_begins_late_leaves_what_is_on_its_way() {
    on_both(async |db| {
        let (clock, world, silent) = (clock(), World::default(), Silent::default());
        queued(&db, 1).await;
        let sender_at_work = sender(&db, &clock, &world, Box::new(silent.clone()));
        let draining = tokio::spawn({
            let sender = sender_at_work.clone();
            async move { sender.drain().await }
        });
        silent.0.notified().await;
        let stopped = CancellationToken::new();
        stopped.cancel();
        sender_at_work.run(stopped).await.unwrap();
        assert_eq!(sender(&db, &clock, &world, Box::new(world.clone())).pass().await.unwrap(), 0);
        draining.abort();
    })
    .await;
}

#[tokio::test]
async fn what_a_killed_sender_was_at_goes_on_when_its_lease_is_over_and_not_before() {
    on_both(async |db| {
        let (clock, world, silent) = (clock(), World::default(), Silent::default());
        let id = queued(&db, 1).await[0].id;
        let dying = sender(&db, &clock, &world, Box::new(silent.clone()));
        let killed = tokio::spawn(async move { dying.pass().await });
        silent.0.notified().await;
        killed.abort();
        assert!(killed.await.unwrap_err().is_cancelled());

        let other = sender(&db, &clock, &world, Box::new(world.clone()));
        clock.advance_by(TimeDelta::seconds(45) - TimeDelta::microseconds(1));
        assert_eq!(other.pass().await.unwrap(), 0);
        clock.advance_by(TimeDelta::microseconds(1));
        assert_eq!(other.pass().await.unwrap(), 1);
        world.with(|inside| assert_eq!(inside.sent, [id]));
    })
    .await;
}

#[tokio::test]
async fn a_look_at_what_others_are_at_is_no_progress() {
    on_both(async |db| {
        let (clock, world) = (clock(), World::default());
        queued(&db, 1).await;
        let sender = sender(&db, &clock, &world, Box::new(world.clone()));
        let until = clock.now() + TimeDelta::minutes(5);
        let others = queue::lease(&db, Uuid::from_u128(1), clock.now(), until, 10).await.unwrap();
        assert_eq!(others.len(), 1);
        // Who waits for progress would look again at once, and again.
        let progress = sender.0.progress.notified();
        assert_eq!(sender.pass().await.unwrap(), 0);
        assert!(progress.now_or_never().is_none());
    })
    .await;
}

#[tokio::test]
async fn a_silent_server_is_given_up_while_the_lease_lasts() {
    on_both(async |db| {
        let (clock, world, silent) = (clock(), World::default(), Silent::default());
        let id = queued(&db, 1).await[0].id;
        let waiting = sender(&db, &clock, &world, Box::new(silent.clone()));
        let patience = silent.patience();
        assert!(patience < waiting.lease());
        let attempt = tokio::spawn(async move { waiting.pass().await });
        silent.0.notified().await;
        tokio::time::pause();
        tokio::time::advance(patience).await;
        tokio::time::resume();
        assert_eq!(attempt.await.unwrap().unwrap(), 1);
        // Put off for seconds, and not leased any more, by a clock that stood still.
        clock.advance_by(TimeDelta::seconds(2));
        assert_eq!(sender(&db, &clock, &world, Box::new(world.clone())).drain().await.unwrap(), 0);
        world.with(|inside| assert_eq!(inside.sent, [id]));
    })
    .await;
}

#[tokio::test]
async fn a_mail_whose_lease_might_end_on_the_way_is_not_sent() {
    on_both(async |db| {
        for (mails, seconds, sent) in [(1, 16, 0), (2, 15, 1)] {
            let (clock, world) = (clock(), World::default());
            queued(&db, mails).await;
            world.with(|inside| inside.slow = Some((clock.clone(), TimeDelta::seconds(seconds))));
            let sender = sender(&db, &clock, &world, Box::new(world.clone()));
            assert_eq!(sender.pass().await.unwrap(), 1);
            world.with(|inside| assert_eq!((inside.composed, inside.sent.len()), (1, sent), "{seconds} s"));
            clock.advance_by(TimeDelta::seconds(2));
            assert_eq!(sender.drain().await.unwrap(), 0);
            world.with(|inside| assert_eq!(inside.sent.len(), 1));
        }
    })
    .await;
}
