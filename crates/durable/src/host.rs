//! The host of one service in a process: its writers (which commit changes of *aggregates*, units
//! such as a claim that are saved as a whole), its relay (which sends events to other services),
//! deadline runner and background tasks.
use std::sync::Arc;

use cpor_database::Db;
use cpor_process::lifecycle::Tasks;
use cpor_types::{Clock, Entropy, Service, Timestamp};
use sea_orm::DbErr;
use tokio_util::sync::CancellationToken;

use crate::{
    BusinessClock, DeadlineRunner, EventTransport, GrpcEventTransport, Inbox, Relay, Store, StoreError, Writer,
    WriterSettings,
    context::{ActivityCounters, HostContext, Notifications},
    metrics::HostMetrics,
    outbox,
    registrations::{BackgroundTask, IdleProbe, Registrations},
    request_id,
    service_context::ServiceContext,
};

/// The resources from which a [`Host`] is made.
pub struct HostParts {
    /// The service's own database.
    pub db: Db,
    /// The clock by which commands and deadlines are decided.
    pub business_clock: BusinessClock,
    /// The machine's clock, for leases, back-off and the expiry of request ids.
    pub clock: Arc<dyn Clock>,
    /// The source of lease tokens and jitter.
    pub entropy: Arc<dyn Entropy>,
    /// The registry in which the host registers its metrics.
    pub metrics: cpor_process::Metrics,
    /// Delivers events to other services.
    pub event_transport: Arc<dyn EventTransport>,
}

/// The host of one service. It is cheap to clone; all clones refer to the same host.
#[derive(Clone)]
pub struct Host {
    context: Arc<HostContext>,
    registrations: Arc<Registrations>,
    event_transport: Arc<dyn EventTransport>,
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host").field("service", &self.context.service).finish_non_exhaustive()
    }
}

impl Host {
    /// Creates the host of `service`, which delivers its events by gRPC. Starts the business clock
    /// if it is virtual and was never started.
    ///
    /// # Errors
    /// Returns an error if the database fails, for example because its migrations have not run.
    pub async fn new(service: Service, context: &ServiceContext) -> Result<Self, DbErr> {
        let ServiceContext { db, business_clock, clock, entropy, peers, metrics, .. } = context.clone();
        let event_transport: Arc<dyn EventTransport> = Arc::new(GrpcEventTransport::new(peers));
        Self::from_parts(service, HostParts { db, business_clock, clock, entropy, metrics, event_transport }).await
    }

    /// Creates the host of `service` from `parts`. Tests use this to deliver events without gRPC.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn from_parts(service: Service, parts: HostParts) -> Result<Self, DbErr> {
        let HostParts { db, business_clock, clock, entropy, metrics, event_transport } = parts;
        business_clock.start(&db, clock.now()).await?;
        let metrics = HostMetrics::new(service, &metrics);
        let context = HostContext {
            service,
            db,
            business_clock,
            clock,
            entropy,
            metrics,
            notifications: Notifications::default(),
            activity: ActivityCounters::default(),
            stale_leases_released: tokio::sync::OnceCell::new(),
        };
        Ok(Self { context: Arc::new(context), registrations: Arc::default(), event_transport })
    }

    /// Starts the writer of the aggregates in `store`. Call this once for each kind of aggregate,
    /// and clone the writer for all that send it commands.
    pub fn writer<S: Store>(&self, store: S) -> Writer<S> {
        self.writer_with(store, WriterSettings::default())
    }

    /// Starts a writer as [`Host::writer`] does, with other settings than the defaults.
    pub fn writer_with<S: Store>(&self, store: S, settings: WriterSettings) -> Writer<S> {
        let writer = Writer::start(Arc::clone(&self.context), store, settings);
        self.registrations.add_writer(&writer);
        writer
    }

    /// Returns the name of the hosted service.
    #[must_use]
    pub fn service(&self) -> Service {
        self.context.service
    }

    /// Returns the service's database.
    #[must_use]
    pub fn db(&self) -> &Db {
        &self.context.db
    }

    /// Returns the real time. Request ids expire by it.
    #[must_use]
    pub fn real_time(&self) -> Timestamp {
        self.context.clock.now()
    }

    /// Returns the clock by which commands and deadlines are decided.
    #[must_use]
    pub fn clock(&self) -> &BusinessClock {
        &self.context.business_clock
    }

    /// Reads the business clock outside of a transaction.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn now(&self) -> Result<Timestamp, DbErr> {
        self.context.business_clock.now(&self.context.db).await
    }

    /// Returns a value that changes with every commit of this process that changes an aggregate of
    /// `owner` (usually a partner or tenant). Commits of other processes do not change the value; a
    /// caller that needs them must poll as well.
    #[must_use]
    pub fn watch_commits(&self, owner: &str) -> tokio::sync::watch::Receiver<u64> {
        self.context.notifications.watch_commits(owner)
    }

    /// Returns a value that changes with every commit of this process that changes an aggregate, as
    /// [`Host::watch_commits`] does for one owner.
    #[must_use]
    pub fn watch_all_commits(&self) -> tokio::sync::watch::Receiver<u64> {
        self.context.notifications.watch_all_commits()
    }

    /// Moves a virtual clock forward and returns the time that it then shows. The caller applies
    /// the deadlines that become due, or the deadline runner does so within a second.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn advance_clock(&self, to: Timestamp) -> Result<Timestamp, DbErr> {
        self.context.business_clock.advance(&self.context.db, to).await
    }

    /// Returns the relay, which delivers the events of this service.
    #[must_use]
    pub fn relay(&self) -> Relay {
        Relay::new(Arc::clone(&self.context), Arc::clone(&self.event_transport))
    }

    /// Returns the deadline runner, which applies the deadlines of this service that have passed.
    #[must_use]
    pub fn deadline_runner(&self) -> DeadlineRunner {
        DeadlineRunner::new(Arc::clone(&self.context), Arc::clone(&self.registrations))
    }

    /// Returns the inbox, for receivers that apply one event by several commands.
    #[must_use]
    pub fn inbox(&self) -> Inbox {
        Inbox::new(self.context.db.clone())
    }

    /// Returns whether the caller with this id has used `request_id` for `method` before. For calls
    /// that do work before their command reaches the writer, which looks up every request id
    /// itself.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn knows_request_id(&self, caller: &str, method: &str, request_id: &str) -> Result<bool, StoreError> {
        if request_id.is_empty() {
            return Ok(false);
        }
        Ok(request_id::is_known(self.context.db.reader(), caller, method, request_id).await?)
    }

    /// Deletes request ids that are older than 24 hours. A started host does this by itself.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn delete_expired_request_ids(&self) -> Result<(), DbErr> {
        crate::maintenance::delete_expired_request_ids(&self.context).await
    }

    /// Registers a background task of the service, such as the sender of mails. [`Host::start`]
    /// starts the task and restarts it after an error. The token that the task receives is
    /// cancelled when the process shuts down.
    pub fn add_background_task<T, F>(&self, name: &'static str, task: T)
    where
        T: Fn(CancellationToken) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), anyhow::Error>> + Send + 'static,
    {
        let task: BackgroundTask = Arc::new(move |stop| Box::pin(task(stop)));
        self.registrations.add_background_task(name, task);
    }

    /// Registers a probe that lists the service's unfinished work, one line for each item, such as
    /// a mail that is not yet sent. A virtual clock is not moved forward before every probe returns
    /// an empty list. The probe may also do the work at once. It must not own a clone of the host,
    /// because the host owns the probe and neither would be dropped.
    pub fn add_idle_probe<P, F>(&self, name: &'static str, probe: P)
    where
        P: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = Result<Vec<String>, anyhow::Error>> + Send + 'static,
    {
        let probe: IdleProbe = Arc::new(move || Box::pin(probe()));
        self.registrations.add_idle_probe(name, probe);
    }

    /// Starts the relay, the deadline runner, maintenance (which deletes expired request ids and
    /// updates the metrics of the outbox) and the service's own background tasks.
    pub fn start(&self, tasks: &Tasks) {
        let service = self.context.service;
        for destination in Service::ALL.iter().copied() {
            for worker in 0..outbox::WORKERS_PER_DESTINATION {
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
        let runner = self.deadline_runner();
        tasks.supervise(format!("{service}/runner"), move |stop| {
            let runner = runner.clone();
            async move { runner.run(stop).await }
        });
        let context = Arc::clone(&self.context);
        tasks.supervise(format!("{service}/keeper"), move |stop| crate::maintenance::run(Arc::clone(&context), stop));
        for (name, task) in self.registrations.take_background_tasks() {
            tasks.supervise(format!("{service}/{name}"), move |stop| task(stop));
        }
    }

    pub(crate) fn context(&self) -> &HostContext {
        &self.context
    }

    pub(crate) fn registrations(&self) -> &Registrations {
        &self.registrations
    }
}
