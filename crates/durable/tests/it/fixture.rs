//! The fixture of a test: a database of its own and the hosts that use it.
use std::{pin::pin, sync::Arc};

use cpor_database::Db;
use cpor_durable::{AggregateKey, BusinessClock, EventTransport, Host, HostParts, Writer};
use cpor_testing::{Engine, TestDatabase, UnreachableTransport, host_parts};
use cpor_types::{Entropy as _, Service, SystemClock, SystemEntropy, Timestamp, VirtualClock};
use futures_util::{future::join_all, poll};
use uuid::Uuid;

use crate::{tables::TicketTables, tickets::TicketStore};

/// The time at which virtual clocks start.
pub(crate) fn start() -> Timestamp {
    Timestamp::from_timestamp(1_770_000_000, 0).unwrap()
}

/// A test's database and the real-time clock of its hosts.
pub(crate) struct Fixture {
    database: TestDatabase,
    pub(crate) db: Db,
    pub(crate) clock: VirtualClock,
}

impl Fixture {
    pub(crate) async fn new(database: &TestDatabase) -> Self {
        let mut migrations = cpor_durable::migrations();
        migrations.push(Box::new(TicketTables));
        let db = database.migrated(migrations).await;
        Self { database: database.clone(), db, clock: VirtualClock::new(start()) }
    }

    /// Makes a fixture for a test that does not run on both databases, or that needs two.
    pub(crate) async fn on(engine: Engine) -> Self {
        Self::new(&TestDatabase::create(engine)).await
    }

    /// Opens the database as a second process would. On SQLite, which one process uses, the
    /// connections are shared.
    pub(crate) async fn other_process(&self) -> Db {
        match self.database.engine() {
            Engine::Sqlite => self.db.clone(),
            Engine::Postgres => self.reopened().await,
        }
    }

    /// Opens the database as a new process would.
    pub(crate) async fn reopened(&self) -> Db {
        self.database.open().await
    }

    pub(crate) async fn host(&self) -> Host {
        self.host_on(self.db.clone(), BusinessClock::Virtual, Arc::new(UnreachableTransport)).await
    }

    pub(crate) async fn host_to(&self, event_transport: Arc<dyn EventTransport>) -> Host {
        self.host_on(self.db.clone(), BusinessClock::Virtual, event_transport).await
    }

    /// Makes a host whose leases and retries use the machine's clock.
    pub(crate) async fn host_in_real_time(&self, event_transport: Arc<dyn EventTransport>) -> Host {
        let (seed, _) = SystemEntropy.uuid().as_u64_pair();
        let parts = host_parts(self.db.clone(), &self.clock, seed, event_transport);
        Host::from_parts(Service::ClaimIntake, HostParts { clock: Arc::new(SystemClock), ..parts }).await.unwrap()
    }

    pub(crate) async fn host_on(
        &self,
        db: Db,
        business_clock: BusinessClock,
        event_transport: Arc<dyn EventTransport>,
    ) -> Host {
        // Hosts of one database need different lease tokens. No assertion depends on them.
        let (seed, _) = SystemEntropy.uuid().as_u64_pair();
        let parts = host_parts(db, &self.clock, seed, event_transport);
        Host::from_parts(Service::ClaimIntake, HostParts { business_clock, ..parts }).await.unwrap()
    }
}

/// A writer that can hold a transaction back until a batch is complete.
pub(crate) struct TestWriter {
    pub(crate) writer: Writer<TicketStore>,
    pub(crate) tickets: TicketStore,
}

impl TestWriter {
    pub(crate) fn new(host: &Host) -> Self {
        let tickets = TicketStore::default();
        Self { writer: host.writer(tickets.clone()), tickets }
    }

    /// Creates a writer that does not hold transactions back.
    pub(crate) fn unbatched(host: &Host) -> Writer<TicketStore> {
        host.writer(TicketStore::default())
    }

    /// Runs commands in one batch: all of them wait in the queue before the first is decided.
    pub(crate) async fn run_in_one_batch<F: Future>(&self, commands: impl IntoIterator<Item = F>) -> Vec<F::Output> {
        let held = self.tickets.pause_loads().await;
        let blocker = tokio::spawn({
            let writer = self.writer.clone();
            async move { writer.apply_passed_deadlines(AggregateKey::new("blocker", Uuid::nil())).await }
        });
        self.tickets.load_requested().await;
        let mut all = pin!(join_all(commands));
        assert!(poll!(&mut all).is_pending());
        drop(held);
        let answers = all.await;
        blocker.await.unwrap().unwrap();
        answers
    }
}
