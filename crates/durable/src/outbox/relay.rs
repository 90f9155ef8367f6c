//! The relay: takes undelivered events to where they belong.
use std::{sync::Arc, time::Duration};

use cpor_kit::{Engine, lifecycle::Backoff};
use cpor_proto::events::v1::{DeliverEventsRequest, StreamBatch};
use cpor_types::{Service, Timestamp};
use sea_orm::DbErr;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    courier::{Courier, Undelivered},
    lease::{Leased, MOST_STREAMS, end_all, lease, ready},
    settle::{Settled, Verdict, settle},
    stream::OutboxKey,
};
use crate::host::Shared;

/// The longest that a delivery may take, with all the calls that it needs. What it has not come to by then is sent again.
const DELIVERY: Duration = Duration::from_secs(5);

/// How long streams stay ours while we deliver: a delivery's time, and as much again for settling it and for clocks that
/// differ, so that two relays rarely deliver the same. When they do, nothing happens twice, because the receiver knows how
/// far each stream is; so the lease need not be longer. It should be short, because on PostgreSQL what a process had leased
/// when it died rests until then.
const LEASE: Duration = DELIVERY.saturating_mul(2);

/// Wake-up is by notification; this is for what rests after a failure and what other processes leave behind.
const POLL: Duration = Duration::from_secs(1);

/// The pauses after failures: from and up to.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(15));

/// How often a delivery's outcome is tried to be written down.
const TRIES: u32 = 3;

/// Deliveries to one service at a time.
pub(crate) const WORKERS: usize = 2;

/// Delivers the events of one service's outbox. Any number of relays may work on one outbox.
#[derive(Clone)]
pub struct Relay {
    shared: Arc<Shared>,
    courier: Arc<dyn Courier>,
}

impl std::fmt::Debug for Relay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Relay").field("service", &self.shared.service).finish_non_exhaustive()
    }
}

/// How a series of deliveries ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// There is nothing more to deliver now.
    Done,
    /// The destination cannot be reached.
    Unreachable,
}

/// What a delivery came to, to be settled together with the next lease.
struct Delivered {
    token: Uuid,
    outcomes: Vec<Settled>,
    end: End,
}

impl Relay {
    pub(crate) fn new(shared: Arc<Shared>, courier: Arc<dyn Courier>) -> Self {
        Self { shared, courier }
    }

    /// Delivers events for one service whenever it is woken, until told to stop. An idle relay asks the database nothing.
    ///
    /// # Errors
    /// The database's; safe to begin again.
    pub(crate) async fn run(&self, destination: Service, stop: CancellationToken) -> Result<(), DbErr> {
        self.leases_ended().await?;
        let mut backoff = Backoff::new(PAUSES.0, PAUSES.1);
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = self.shared.wakes.relay(destination).notified() => {}
            }
            while self.deliver_all(destination, &stop).await?.0 == End::Unreachable {
                tokio::select! {
                    () = stop.cancelled() => return Ok(()),
                    () = tokio::time::sleep(backoff.next(&*self.shared.entropy)) => {}
                }
            }
            backoff.reset();
        }
    }

    /// What a process that was killed had leased need not wait for the lease to run out, where nobody else can have it:
    /// on SQLite, before the first lease of ours. Replicas on PostgreSQL wait.
    async fn leases_ended(&self) -> Result<(), DbErr> {
        self.shared.leases_ended.get_or_try_init(|| self.end_leases()).await.map(|_| ())
    }

    async fn end_leases(&self) -> Result<(), DbErr> {
        if self.shared.db.engine() == Engine::Postgres {
            return Ok(());
        }
        let tx = self.shared.db.begin().await?;
        let ended = end_all(&tx).await?;
        tx.commit().await?;
        if ended > 0 {
            tracing::info!(service = %self.shared.service, ended, "deliveries of a process that died go on");
        }
        Ok(())
    }

    /// Wakes, every second, those who have something to deliver, until told to stop.
    ///
    /// # Errors
    /// The database's; safe to begin again.
    pub(crate) async fn poll(&self, stop: CancellationToken) -> Result<(), DbErr> {
        self.leases_ended().await?;
        loop {
            for destination in ready(self.shared.db.reader(), self.shared.wall.now()).await? {
                self.shared.wakes.relay(destination).notify_one();
            }
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }

    /// Delivers whatever can be delivered now, to every service. Answers how many events were. What others have
    /// leased, what rests after a failure and what is parked stays undelivered.
    ///
    /// # Errors
    /// The database's.
    pub async fn drain(&self) -> Result<u64, DbErr> {
        let stop = CancellationToken::new();
        let mut events = 0;
        for destination in ready(self.shared.db.reader(), self.shared.wall.now()).await? {
            events += self.deliver_all(destination, &stop).await?.1;
        }
        Ok(events)
    }

    async fn deliver_all(&self, destination: Service, stop: &CancellationToken) -> Result<(End, u64), DbErr> {
        let mut delivered: Option<Delivered> = None;
        let mut events = 0;
        loop {
            let end = delivered.as_ref().map(|delivered| delivered.end);
            let more = end != Some(End::Unreachable) && !stop.is_cancelled();
            let (count, leased) = self.exchanged(delivered.take(), more.then_some(destination)).await?;
            events += count;
            let Some((token, leased)) = leased else { return Ok((end.unwrap_or(End::Done), events)) };
            if leased.len() as u64 == MOST_STREAMS {
                self.shared.wakes.relay(destination).notify_one();
            }
            let (mut outcomes, end) = self.deliver(destination, leased).await;
            // In the order in which writers lock streams, so that nobody waits in a circle.
            outcomes.sort_by(|one, other| one.stream.cmp(&other.stream));
            delivered = Some(Delivered { token, outcomes, end });
        }
    }

    /// Exchanges, again if need be: what was delivered and is not settled is delivered once more when the lease ends.
    async fn exchanged(
        &self,
        delivered: Option<Delivered>,
        destination: Option<Service>,
    ) -> Result<(u64, Option<(Uuid, Vec<Leased>)>), DbErr> {
        for _ in 1..TRIES {
            match self.exchange(delivered.as_ref(), destination).await {
                Ok(exchanged) => return Ok(exchanged),
                Err(error) => tracing::warn!(%error, "a delivery could not be settled; trying again"),
            }
            tokio::time::sleep(PAUSES.0.mul_f64(self.shared.entropy.fraction())).await;
        }
        self.exchange(delivered.as_ref(), destination).await
    }

    /// Settles one delivery and leases the next, in one transaction. It is committed before anything is sent.
    async fn exchange(
        &self,
        delivered: Option<&Delivered>,
        destination: Option<Service>,
    ) -> Result<(u64, Option<(Uuid, Vec<Leased>)>), DbErr> {
        let tx = self.shared.db.begin().await?;
        let now = self.shared.wall.now();
        let mut events = 0;
        if let Some(Delivered { token, outcomes, .. }) = delivered {
            events = settle(&tx, *token, outcomes, |attempts| self.retry_time(now, attempts)).await?;
        }
        let mut leased = None;
        if let Some(destination) = destination {
            let token = self.shared.entropy.uuid();
            let streams = lease(&tx, destination, token, now, now + LEASE).await?;
            leased = (!streams.is_empty()).then_some((token, streams));
        }
        tx.commit().await?;
        self.count(delivered.map_or(&[], |delivered| &delivered.outcomes));
        self.shared.activity.delivered(events);
        Ok((events, leased))
    }

    fn count(&self, outcomes: &[Settled]) {
        tell(outcomes);
        let of =
            |wanted: fn(&Verdict) -> bool| outcomes.iter().filter(|outcome| wanted(&outcome.verdict)).count() as u64;
        self.shared.meters.deliveries("delivered", of(|verdict| matches!(verdict, Verdict::Delivered)));
        self.shared.meters.deliveries("failed", of(|verdict| matches!(verdict, Verdict::Failed(_))));
        self.shared.meters.deliveries("parked", of(|verdict| matches!(verdict, Verdict::Parked(_))));
    }

    /// Full jitter over a doubling ceiling, by how often the stream has failed.
    fn retry_time(&self, now: Timestamp, attempts: u32) -> Timestamp {
        let doubled = PAUSES.0.saturating_mul(2_u32.saturating_pow(attempts.saturating_sub(1)));
        now + doubled.min(PAUSES.1).mul_f64(self.shared.entropy.fraction())
    }

    async fn deliver(&self, destination: Service, leased: Vec<Leased>) -> (Vec<Settled>, End) {
        let until = Instant::now() + DELIVERY;
        let (sendable, rest): (Vec<_>, Vec<_>) = leased.into_iter().partition(|leased| !leased.events.is_empty());
        let mut outcomes: Vec<Settled> = rest.iter().map(not_sent).collect();
        match self.send(destination, &sendable, until).await {
            Ok(settled) => outcomes.extend(settled),
            Err(Undelivered::Unreachable(why)) => {
                outcomes.extend(sendable.iter().map(|leased| Settled::not(leased, Verdict::Failed(why.clone()))));
                return (outcomes, End::Unreachable);
            }
            // One of the streams is to blame: alone it is parked, the others are delivered.
            Err(Undelivered::Unreadable(_)) => {
                for leased in &sendable {
                    outcomes.push(self.send_alone(destination, leased, until).await);
                }
            }
        }
        (outcomes, End::Done)
    }

    async fn send_alone(&self, destination: Service, leased: &Leased, until: Instant) -> Settled {
        match self.send(destination, std::slice::from_ref(leased), until).await {
            Ok(mut settled) => settled.pop().unwrap_or_else(|| Settled::not(leased, unanswered())),
            Err(Undelivered::Unreachable(why)) => Settled::not(leased, Verdict::Failed(why)),
            Err(Undelivered::Unreadable(why)) => Settled::not(leased, Verdict::Parked(why)),
        }
    }

    async fn send(&self, destination: Service, leased: &[Leased], until: Instant) -> Result<Vec<Settled>, Undelivered> {
        if leased.is_empty() {
            return Ok(Vec::new());
        }
        if Instant::now() >= until {
            return Err(late());
        }
        let source = self.shared.service;
        let batch = |leased: &Leased| StreamBatch {
            stream: Some(leased.stream.to_wire(source)),
            events: leased.events.clone(),
        };
        let streams = leased.iter().map(batch).collect();
        let request = DeliverEventsRequest { destination: crate::wire::service(destination).into(), streams };
        let response = timeout_at(until, self.courier.deliver(request)).await.map_err(|_elapsed| late())??;
        let mut results = response.results.into_iter();
        Ok(leased
            .iter()
            .map(|leased| match results.next() {
                Some(result) => Settled::by(leased, result),
                None => Settled::not(leased, unanswered()),
            })
            .collect())
    }
}

fn late() -> Undelivered {
    Undelivered::Unreachable("the receiver did not answer in time".to_owned())
}

fn unanswered() -> Verdict {
    Verdict::Failed("the receiver did not answer for this stream".to_owned())
}

/// A stream that got no room in the delivery is free again at once; one whose event is unreadable needs somebody.
fn not_sent(leased: &Leased) -> Settled {
    let verdict = leased.unreadable.clone().map_or(Verdict::Delivered, Verdict::Parked);
    Settled::not(leased, verdict)
}

/// What operators read in the log: streams that wait for them, and that deliveries begin to fail, once for all.
fn tell(outcomes: &[Settled]) {
    for outcome in outcomes {
        if let Verdict::Parked(why) = &outcome.verdict {
            let OutboxKey { key, aggregate, destination } = &outcome.stream;
            tracing::error!(%destination, aggregate, owner = key.owner, id = %key.id, why, "a stream is parked: it waits for an operator");
        }
    }
    let begins = |outcome: &&Settled| outcome.attempts == 1 && matches!(outcome.verdict, Verdict::Failed(_));
    if let Some(Settled { stream, verdict: Verdict::Failed(why), .. }) = outcomes.iter().find(begins) {
        let streams = outcomes.iter().filter(begins).count();
        tracing::warn!(destination = %stream.destination, streams, why, "events could not be delivered: trying again");
    }
}
