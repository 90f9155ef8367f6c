//! The fixture of a test: a database of its own and the hosts that use it.
use std::{path::PathBuf, pin::pin, sync::Arc};

use cpor_database::Db;
use cpor_durable::{
    AggregateKey, BusinessClock, DeliveryError, EventTransport, Host, HostParts, Writer, WriterSettings,
};
use cpor_process::Metrics;
use cpor_proto::events::v1::{DeliverEventsRequest, DeliverEventsResponse};
use cpor_types::{SeededEntropy, Service, Timestamp, VirtualClock};
use futures_util::{future::join_all, poll};
use sea_orm::{ConnectOptions, ConnectionTrait, Database};
use sea_orm_migration::{MigrationTrait, MigratorTrait};
use uuid::Uuid;

use crate::{tables::TicketTables, tickets::TicketStore};

/// Defines tests that run on SQLite and on PostgreSQL.
macro_rules! test_on_both_engines {
    ($($(#[$doc:meta])* async fn $name:ident($fixture:ident: Fixture) $body:block)+) => {$(
        mod $name {
            use super::*;

            $(#[$doc])*
            async fn test($fixture: $crate::fixture::Fixture) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                test($crate::fixture::Fixture::sqlite().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                test($crate::fixture::Fixture::postgres().await).await;
            }
        }
    )+};
}
pub(crate) use test_on_both_engines;

/// The time at which virtual clocks start.
pub(crate) fn start() -> Timestamp {
    Timestamp::from_timestamp(1_770_000_000, 0).unwrap()
}

/// The location of a test's database.
enum DatabaseLocation {
    File(PathBuf),
    Server(String),
}

/// A test's database and the real-time clock of its hosts.
pub(crate) struct Fixture {
    location: DatabaseLocation,
    pub(crate) db: Db,
    pub(crate) clock: VirtualClock,
    _directory: Option<tempfile::TempDir>,
    _database: Option<DatabaseToDrop>,
}

impl Fixture {
    pub(crate) async fn sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let location = DatabaseLocation::File(directory.path().join("toy.db"));
        Self::at(location, Some(directory), None).await
    }

    pub(crate) async fn postgres() -> Self {
        let maintenance =
            std::env::var("CPOR_TEST_POSTGRES").expect("CPOR_TEST_POSTGRES is not set: run `cargo xtask test`");
        let name = format!("durable_{}", random().simple());
        let admin = connect(&maintenance).await;
        admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
        let (base, _) = maintenance.rsplit_once('/').unwrap();
        let url = format!("{base}/{name}");
        Self::at(DatabaseLocation::Server(url), None, Some(DatabaseToDrop { maintenance, name })).await
    }

    async fn at(
        location: DatabaseLocation,
        directory: Option<tempfile::TempDir>,
        database: Option<DatabaseToDrop>,
    ) -> Self {
        let db = open(&location).await;
        Migrator::up(db.writer(), None).await.unwrap();
        let clock = VirtualClock::new(start());
        Self { location, db, clock, _directory: directory, _database: database }
    }

    /// Opens the database as a second process would. On SQLite, which one process uses, the
    /// connections are shared.
    pub(crate) async fn other_process(&self) -> Db {
        match &self.location {
            DatabaseLocation::File(_) => self.db.clone(),
            DatabaseLocation::Server(_) => open(&self.location).await,
        }
    }

    /// Opens the database as a new process would.
    pub(crate) async fn reopened(&self) -> Db {
        open(&self.location).await
    }

    pub(crate) async fn host(&self) -> Host {
        self.host_on(self.db.clone(), BusinessClock::Virtual, Arc::new(UnreachableTransport)).await
    }

    pub(crate) async fn host_to(&self, event_transport: Arc<dyn EventTransport>) -> Host {
        self.host_on(self.db.clone(), BusinessClock::Virtual, event_transport).await
    }

    pub(crate) async fn host_on(
        &self,
        db: Db,
        business_clock: BusinessClock,
        event_transport: Arc<dyn EventTransport>,
    ) -> Host {
        let seed = u64::from_le_bytes(random().into_bytes()[..8].try_into().unwrap());
        let parts = HostParts {
            db,
            business_clock,
            clock: Arc::new(self.clock.clone()),
            entropy: Arc::new(SeededEntropy::new(seed)),
            metrics: Metrics::new(),
            event_transport,
        };
        Host::from_parts(Service::ClaimIntake, parts).await.unwrap()
    }
}

/// Returns a random id for the name of a database. No assertion depends on it.
fn random() -> Uuid {
    use cpor_types::Entropy as _;
    let [low, high] = [0, 16].map(|at| cpor_types::SystemEntropy.secret()[at..at + 16].try_into().unwrap());
    let (low, high): ([u8; 16], [u8; 16]) = (low, high);
    Uuid::from_u128(u128::from_le_bytes(low) ^ u128::from_le_bytes(high))
}

async fn connect(url: &str) -> sea_orm::DatabaseConnection {
    Database::connect(ConnectOptions::new(url).max_connections(1).sqlx_logging(false).to_owned()).await.unwrap()
}

async fn open(location: &DatabaseLocation) -> Db {
    match location {
        DatabaseLocation::File(file) => Db::open_sqlite(file).await.unwrap(),
        DatabaseLocation::Server(url) => Db::open_postgres(url, None, 8).await.unwrap(),
    }
}

struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut all = cpor_durable::migrations();
        all.push(Box::new(TicketTables));
        all
    }
}

/// Drops a PostgreSQL database at the end of its test.
struct DatabaseToDrop {
    maintenance: String,
    name: String,
}

impl Drop for DatabaseToDrop {
    fn drop(&mut self) {
        let (maintenance, name) = (self.maintenance.clone(), self.name.clone());
        let drop = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                connect(&maintenance).await.execute_unprepared(&drop).await.unwrap();
            });
        });
        drop.join().unwrap();
    }
}

/// A transport that reaches no service.
pub(crate) struct UnreachableTransport;

#[async_trait::async_trait]
impl EventTransport for UnreachableTransport {
    async fn deliver(&self, _request: DeliverEventsRequest) -> Result<DeliverEventsResponse, DeliveryError> {
        Err(DeliveryError::Unreachable("no service is reachable".to_owned()))
    }
}

/// A writer with one lane that can hold a transaction back until a batch is complete.
pub(crate) struct TestWriter {
    pub(crate) writer: Writer<TicketStore>,
    pub(crate) tickets: TicketStore,
}

impl TestWriter {
    pub(crate) fn new(host: &Host) -> Self {
        let tickets = TicketStore::default();
        let settings = WriterSettings { lanes: 1, queue: 1024, batch: 256 };
        Self { writer: host.writer_with(tickets.clone(), settings), tickets }
    }

    /// Creates a writer that does not hold transactions back.
    pub(crate) fn unbatched(host: &Host) -> Writer<TicketStore> {
        host.writer(TicketStore::default())
    }

    /// Runs commands in one batch: all of them wait in the lane before the first is decided.
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
