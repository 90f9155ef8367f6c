//! The test system: for each test a database of its own, with replicas of the registry, and clients
//! of every role.
use std::{sync::Arc, time::Duration};

use cpor_auth::{TokenSigner, UserToken, VerificationKeys};
use cpor_database::Db;
use cpor_durable::{
    BusinessClock, EventReceiver, IncomingEvent, ReceiveError, ServiceContext, StreamKey, StreamPosition,
};
use cpor_process::Metrics;
use cpor_process::lifecycle::{Readiness, Shutdown};
use cpor_proto::events::v1::event::Payload;
use cpor_proto::registry::v1::import_result::Outcome;
use cpor_proto::registry::v1::registry_service_client::RegistryServiceClient;
use cpor_proto::registry::v1::{DirectoryRow, ImportDirectoryRequest, ImportResult};
use cpor_registry_client::{GrpcRegistry, SharedRegistry};
use cpor_rpc::Peers;
use cpor_rpc::config::{Limits, PeersConfig, TlsConfig};
use cpor_rpc::server::{GrpcServices, Server, ServerDependencies, install_crypto_provider};
use cpor_types::{
    Actor, ActorSide, Clock, Entropy, Role, SeededEntropy, Service, SystemClock, SystemEntropy, Timestamp,
};
use prost::Message as _;
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, Statement};
use sea_orm_migration::{MigrationTrait, MigratorTrait};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Request, Status};
use uuid::Uuid;

/// Declares tests that run once on SQLite and once on PostgreSQL.
macro_rules! on_both {
    ($($(#[$doc:meta])* async fn $name:ident($system:ident: TestSystem) $body:block)+) => {$(
        mod $name {
            use super::*;

            $(#[$doc])*
            async fn test($system: $crate::fixture::TestSystem) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                test($crate::fixture::TestSystem::sqlite().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                test($crate::fixture::TestSystem::postgres().await).await;
            }
        }
    )+};
}
pub(crate) use on_both;

/// A client of the registry that sends a token with every call.
pub(crate) type Client = RegistryServiceClient<InterceptedService<Channel, Bearer>>;

/// The database of one test, with the replicas of the registry that use it.
pub(crate) struct TestSystem {
    pub(crate) db: Db,
    /// The replicas: one on SQLite, which allows one process only; two on PostgreSQL, each with its
    /// own connections.
    replicas: Vec<Replica>,
    signer: TokenSigner,
    shutdown: Shutdown,
    _directory: Option<tempfile::TempDir>,
    _database: Option<TemporaryDatabase>,
}

struct Replica {
    address: String,
    receiver: Arc<dyn EventReceiver>,
}

impl TestSystem {
    pub(crate) async fn sqlite() -> Self {
        Self::sqlite_with(cpor_registry::Config::default()).await
    }

    /// A test system on SQLite with this configuration.
    pub(crate) async fn sqlite_with(config: cpor_registry::Config) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let db = Db::open_sqlite(&directory.path().join("registry.db")).await.unwrap();
        let mut system = Self::without_replicas(db.clone()).await;
        system.start_replica(db, config).await;
        system._directory = Some(directory);
        system
    }

    pub(crate) async fn postgres() -> Self {
        let maintenance =
            std::env::var("CPOR_TEST_POSTGRES").expect("CPOR_TEST_POSTGRES is not set: run `cargo xtask test`");
        let name = format!("registry_{}", SystemEntropy.uuid().simple());
        connect(&maintenance).await.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
        let (server, _) = maintenance.rsplit_once('/').unwrap();
        let open = async || Db::open_postgres(&format!("{server}/{name}"), None, 6).await.unwrap();
        let mut system = Self::without_replicas(open().await).await;
        system._database = Some(TemporaryDatabase { maintenance: maintenance.clone(), name: name.clone() });
        system.start_replica(open().await, cpor_registry::Config::default()).await;
        system.start_replica(open().await, cpor_registry::Config::default()).await;
        system
    }

    async fn without_replicas(db: Db) -> Self {
        install_crypto_provider();
        Migrator::up(db.writer(), None).await.unwrap();
        let signer = TokenSigner::generate("tests", Arc::new(SystemClock)).unwrap();
        let shutdown = Shutdown::new(Duration::from_secs(5));
        Self { db, replicas: Vec::new(), signer, shutdown, _directory: None, _database: None }
    }

    /// Starts a replica.
    async fn start_replica(&mut self, db: Db, config: cpor_registry::Config) {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let entropy = Arc::new(SeededEntropy::new(self.replicas.len() as u64));
        let metrics = Metrics::new();
        let context = ServiceContext {
            business_clock: BusinessClock::real(db.engine(), Arc::clone(&clock)),
            db,
            clock,
            entropy: entropy.clone(),
            peers: self.peers(Service::Registry, PeersConfig::default()),
            metrics: metrics.clone(),
            policies: cpor_types::PolicyProfiles::shipped().unwrap(),
            calendars: cpor_types::Calendars::shipped().unwrap(),
            data_dir: None,
        };
        let hosted = cpor_registry::build(config, context).await.unwrap();
        let jwks = self.signer.jwks();
        let parts = ServerDependencies {
            keys: Arc::new(VerificationKeys::new("tests", &jwks, &jwks).unwrap()),
            limits: Limits::default(),
            tls: TlsConfig::default(),
            metrics,
            readiness: Readiness::new(),
            entropy,
        };
        let services = GrpcServices::default().add_routes(hosted.service, &hosted.grpc_services, hosted.routes);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (server, shutdown) = (Server::prepare(parts, services).unwrap(), self.shutdown.clone());
        tokio::spawn(async move { server.serve(listener, &shutdown).await });
        self.replicas.push(Replica { address, receiver: hosted.receiver });
    }

    fn peers(&self, from: Service, config: PeersConfig) -> Peers {
        Peers::new(from, &config, self.signer.clone()).unwrap()
    }

    /// The client that another service uses. `replica` selects the replica, modulo the number of
    /// replicas.
    pub(crate) fn registry(&self, caller: Service, replica: usize) -> SharedRegistry {
        let address = self.replicas[replica % self.replicas.len()].address.clone();
        let config = PeersConfig { registry: Some(address), ..PeersConfig::default() };
        Arc::new(GrpcRegistry::new(self.peers(caller, config)))
    }

    /// The client of a user with this role.
    pub(crate) fn user(&self, role: Role, partner: Option<&str>, tenant: Option<&str>) -> Client {
        let user = UserToken {
            subject: format!("{role}@example"),
            roles: vec![role],
            partner: partner.map(|id| id.parse().unwrap()),
            tenant: tenant.map(|id| id.parse().unwrap()),
            lifetime: Duration::from_secs(600),
        };
        let token = format!("Bearer {}", self.signer.user_token(&user).unwrap());
        let channel = Channel::from_shared(self.replicas[0].address.clone()).unwrap().connect_lazy();
        RegistryServiceClient::with_interceptor(channel, Bearer(token.parse().unwrap()))
    }

    /// Imports rows with the role directory sync.
    pub(crate) async fn import(&self, rows: Vec<DirectoryRow>) -> Vec<ImportResult> {
        let mut sync = self.user(Role::DirectorySync, None, None);
        sync.import_directory(ImportDirectoryRequest { rows, ..Default::default() }).await.unwrap().into_inner().results
    }

    /// Imports rows and checks that all of them are new.
    pub(crate) async fn import_new(&self, rows: Vec<DirectoryRow>) {
        let results = self.import(rows).await;
        let refused: Vec<_> = results.iter().filter(|result| result.outcome() != Outcome::Created).collect();
        assert_eq!(refused, Vec::<&ImportResult>::new());
    }

    /// Delivers an event of a claim in the same way as the relay of claim-intake.
    pub(crate) async fn deliver(
        &self,
        claim: Uuid,
        sequence: u64,
        payload: Payload,
        at: Timestamp,
    ) -> Result<(), ReceiveError> {
        let (source, aggregate) = (Service::ClaimIntake, "claim".to_owned());
        let stream = StreamKey { source, aggregate, owner: "contoso".to_owned(), id: claim };
        let incoming = IncomingEvent {
            position: StreamPosition { stream, sequence },
            actor: Actor::new(ActorSide::Partner, "alice"),
            effective_time: at,
            payload,
        };
        self.replicas[0].receiver.apply(incoming).await
    }

    /// The events in the outbox for a service, in order.
    pub(crate) async fn outgoing_events(&self, destination: Service) -> Vec<Payload> {
        let select = format!(
            "SELECT payload FROM outbox_event WHERE destination = '{destination}' ORDER BY aggregate, owner, id, sequence"
        );
        let rows =
            self.db.reader().query_all_raw(Statement::from_string(self.db.reader().get_database_backend(), select));
        let payload = |row: &sea_orm::QueryResult| {
            let bytes: Vec<u8> = row.try_get("", "payload").unwrap();
            cpor_proto::events::v1::Event::decode(bytes.as_slice()).unwrap().payload.unwrap()
        };
        rows.await.unwrap().iter().map(payload).collect()
    }
}

impl Drop for TestSystem {
    fn drop(&mut self) {
        self.shutdown.abort();
    }
}

/// Adds a token to every call.
#[derive(Clone)]
pub(crate) struct Bearer(MetadataValue<Ascii>);

impl tonic::service::Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

async fn connect(url: &str) -> DatabaseConnection {
    Database::connect(ConnectOptions::new(url).max_connections(1).sqlx_logging(false).to_owned()).await.unwrap()
}

struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        cpor_registry::migrations()
    }
}

/// A PostgreSQL database that is dropped at the end of the test.
struct TemporaryDatabase {
    maintenance: String,
    name: String,
}

impl Drop for TemporaryDatabase {
    fn drop(&mut self) {
        let (maintenance, name) = (self.maintenance.clone(), self.name.clone());
        // A thread of its own is needed, because a runtime cannot be started inside of another one.
        let drop = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
            runtime.block_on(async { connect(&maintenance).await.execute_unprepared(&drop).await.unwrap() });
        });
        drop.join().unwrap();
    }
}
