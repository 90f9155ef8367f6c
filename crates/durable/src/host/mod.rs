//! One service's part of the machinery: its writers, relay, runner and background loops.
mod roster;
mod shared;

use std::sync::Arc;

use cpor_kit::{Db, lifecycle::Tasks};
use cpor_types::{Clock, Entropy, Service, Timestamp};
use sea_orm::DbErr;
use tokio_util::sync::CancellationToken;

use crate::{
    BusinessClock, Courier, Inbox, PeerCourier, Relay, Runner, Store, Writer, WriterSettings, meters::Meters, outbox,
    service::Context,
};
pub(crate) use roster::Roster;
use roster::{Probe, Work};
pub(crate) use shared::Shared;
use shared::{Activity, Wakes};

/// What a host consists of.
pub struct Parts {
    /// The service's own database.
    pub db: Db,
    /// By what commands and deadlines are judged.
    pub business_clock: BusinessClock,
    /// Real time, for leases, back-off and the keeping of request ids.
    pub clock: Arc<dyn Clock>,
    /// Lease tokens and jitter.
    pub entropy: Arc<dyn Entropy>,
    /// Where metrics go.
    pub metrics: cpor_kit::Metrics,
    /// The way to other services.
    pub courier: Arc<dyn Courier>,
}

/// One hosted service. Cheap to clone; the clones are the same host.
#[derive(Clone)]
pub struct Host {
    shared: Arc<Shared>,
    roster: Arc<Roster>,
    courier: Arc<dyn Courier>,
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host").field("service", &self.shared.service).finish_non_exhaustive()
    }
}

impl Host {
    /// The host of `service`, which delivers its events by gRPC. Starts a virtual clock that was never started.
    ///
    /// # Errors
    /// The database's: the migrations must have run.
    pub async fn new(service: Service, context: &Context) -> Result<Self, DbErr> {
        let Context { db, business_clock, clock, entropy, peers, metrics, .. } = context.clone();
        let courier: Arc<dyn Courier> = Arc::new(PeerCourier::new(peers));
        Self::of(service, Parts { db, business_clock, clock, entropy, metrics, courier }).await
    }

    /// The host of `service` made of `parts`: for tests with a courier of their own.
    ///
    /// # Errors
    /// The database's.
    pub async fn of(service: Service, parts: Parts) -> Result<Self, DbErr> {
        let Parts { db, business_clock: clock, clock: wall, entropy, metrics, courier } = parts;
        clock.start(&db, wall.now()).await?;
        let meters = Meters::new(service, &metrics);
        let shared = Shared {
            service,
            db,
            clock,
            wall,
            entropy,
            meters,
            wakes: Wakes::default(),
            activity: Activity::default(),
            leases_ended: tokio::sync::OnceCell::new(),
        };
        Ok(Self { shared: Arc::new(shared), roster: Arc::default(), courier })
    }

    /// The writer of the aggregates that `store` keeps. One for each kind of aggregate; clone it.
    pub fn writer<S: Store>(&self, store: S) -> Writer<S> {
        self.writer_with(store, WriterSettings::of(self.shared.db.engine()))
    }

    /// As [`Host::writer`], dimensioned otherwise.
    pub fn writer_with<S: Store>(&self, store: S, settings: WriterSettings) -> Writer<S> {
        let writer = Writer::start(Arc::clone(&self.shared), store, settings);
        self.roster.add_kind(&writer);
        writer
    }

    /// Which service.
    #[must_use]
    pub fn service(&self) -> Service {
        self.shared.service
    }

    /// The service's database.
    #[must_use]
    pub fn db(&self) -> &Db {
        &self.shared.db
    }

    /// The clock by which commands and deadlines are judged.
    #[must_use]
    pub fn clock(&self) -> &BusinessClock {
        &self.shared.clock
    }

    /// The business time now, outside of a transaction.
    ///
    /// # Errors
    /// The database's.
    pub async fn now(&self) -> Result<Timestamp, DbErr> {
        self.shared.clock.now(&self.shared.db).await
    }

    /// Changes with every commit of this process that changes something of `owner`: what waits for news of other processes too must poll as
    /// well.
    #[must_use]
    pub fn commits(&self, owner: &str) -> tokio::sync::watch::Receiver<u64> {
        self.shared.wakes.commits(owner)
    }

    /// Moves a virtual clock forward. Answers the time then. Deadlines are fired by whoever moves it, or within a second.
    ///
    /// # Errors
    /// The database's.
    pub async fn advance(&self, to: Timestamp) -> Result<Timestamp, DbErr> {
        self.shared.clock.advance(&self.shared.db, to).await
    }

    /// What delivers this service's events.
    #[must_use]
    pub fn relay(&self) -> Relay {
        Relay::new(Arc::clone(&self.shared), Arc::clone(&self.courier))
    }

    /// What fires this service's deadlines.
    #[must_use]
    pub fn runner(&self) -> Runner {
        Runner::new(Arc::clone(&self.shared), Arc::clone(&self.roster))
    }

    /// The inbox by itself.
    #[must_use]
    pub fn inbox(&self) -> Inbox {
        Inbox::new(self.shared.db.clone())
    }

    /// Forgets request ids older than 24 hours, which a started host does by itself.
    ///
    /// # Errors
    /// The database's.
    pub async fn sweep(&self) -> Result<(), DbErr> {
        crate::keeper::sweep(&self.shared).await
    }

    /// Registers a loop of the service's own, such as a sweeper. It is started by [`Host::start`], begun again after a
    /// failure, and given a token that is cancelled when the process drains.
    pub fn spawn<W, F>(&self, name: &'static str, work: W)
    where
        W: Fn(CancellationToken) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), anyhow::Error>> + Send + 'static,
    {
        let work: Work = Arc::new(move |stop| Box::pin(work(stop)));
        self.roster.add_loop(name, work);
    }

    /// Registers a question that is asked while a virtual clock is moved: what has still to be done before time may go
    /// on? One line for each thing, such as a mail not yet sent. It may also have it done at once. It must not hold the
    /// host itself, which would then never end.
    pub fn probe<P, F>(&self, name: &'static str, probe: P)
    where
        P: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = Result<Vec<String>, anyhow::Error>> + Send + 'static,
    {
        let probe: Probe = Arc::new(move || Box::pin(probe()));
        self.roster.add_probe(name, probe);
    }

    /// Starts relay, runner, sweeper and the service's own loops.
    pub fn start(&self, tasks: &Tasks) {
        let service = self.shared.service;
        for destination in Service::ALL.iter().copied() {
            for worker in 0..outbox::WORKERS {
                let relay = self.relay();
                tasks.supervise(format!("{service}/relay/{destination}/{worker}"), move |stop| {
                    let relay = relay.clone();
                    async move { relay.run(destination, stop).await }
                });
            }
        }
        let relay = self.relay();
        tasks.supervise(format!("{service}/poll"), move |stop| {
            let relay = relay.clone();
            async move { relay.poll(stop).await }
        });
        let runner = self.runner();
        tasks.supervise(format!("{service}/runner"), move |stop| {
            let runner = runner.clone();
            async move { runner.run(stop).await }
        });
        let shared = Arc::clone(&self.shared);
        tasks.supervise(format!("{service}/keeper"), move |stop| crate::keeper::run(Arc::clone(&shared), stop));
        for (name, work) in self.roster.take_loops() {
            tasks.supervise(format!("{service}/{name}"), move |stop| work(stop));
        }
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(crate) fn roster(&self) -> &Roster {
        &self.roster
    }
}
