//! The test system: for each test a database of its own, with replicas of the registry, and clients
//! of every role.
use std::sync::Arc;

use cpor_database::Db;
use cpor_durable::{BusinessClock, EventReceiver, ReceiveError, ServiceContext};
use cpor_proto::events::v1::event::Payload;
use cpor_proto::registry::v1::import_result::Outcome;
use cpor_proto::registry::v1::registry_service_client::RegistryServiceClient;
use cpor_proto::registry::v1::{DirectoryRow, ImportDirectoryRequest, ImportResult};
use cpor_registry_client::{GrpcRegistry, SharedRegistry};
use cpor_rpc::Peers;
use cpor_rpc::config::PeersConfig;
use cpor_testing::{
    AuthorizedChannel, Engine, TestDatabase, TestKeys, TestServer, incoming_event, service_context, stream_key,
    user_token,
};
use cpor_types::{Actor, ActorSide, Clock as _, Role, Service, SystemClock, Timestamp, VirtualClock};
use prost::Message as _;
use sea_orm::{ConnectionTrait, Statement};
use uuid::Uuid;

/// A client of the registry that sends a token with every call.
pub(crate) type Client = RegistryServiceClient<AuthorizedChannel>;

/// The database of one test, with the replicas of the registry that use it.
pub(crate) struct TestSystem {
    pub(crate) db: Db,
    /// The replicas: one on SQLite, which allows one process only; two on PostgreSQL, each with its
    /// own connections.
    replicas: Vec<Replica>,
    keys: TestKeys,
}

struct Replica {
    server: TestServer,
    receiver: Arc<dyn EventReceiver>,
}

impl TestSystem {
    pub(crate) async fn new(database: &TestDatabase) -> Self {
        Self::with_config(database, cpor_registry::Config::default()).await
    }

    /// A test system with this configuration.
    pub(crate) async fn with_config(database: &TestDatabase, config: cpor_registry::Config) -> Self {
        let db = database.migrated(cpor_registry::migrations()).await;
        let mut system = Self { db: db.clone(), replicas: Vec::new(), keys: TestKeys::generate() };
        match database.engine() {
            Engine::Sqlite => system.start_replica(db, config).await,
            Engine::Postgres => {
                system.start_replica(database.open().await, config.clone()).await;
                system.start_replica(database.open().await, config).await;
            }
        }
        system
    }

    /// Starts a replica, on a real clock.
    async fn start_replica(&mut self, db: Db, config: cpor_registry::Config) {
        let seed = self.replicas.len() as u64;
        let clock = VirtualClock::new(SystemClock.now());
        let context = service_context(Service::Registry, db.clone(), &clock, seed, &self.keys);
        let real: Arc<dyn cpor_types::Clock> = Arc::new(SystemClock);
        let business_clock = BusinessClock::real(db.engine(), Arc::clone(&real));
        let context = ServiceContext { business_clock, clock: real, ..context };
        let mut hosted = cpor_registry::build(config, context).await.unwrap();
        let server = TestServer::start(&mut hosted, &self.keys).await;
        self.replicas.push(Replica { server, receiver: hosted.receiver });
    }

    fn peers(&self, from: Service, config: PeersConfig) -> Peers {
        Peers::new(&config, self.keys.service(from)).unwrap()
    }

    /// The client that another service uses. `replica` selects the replica, modulo the number of
    /// replicas.
    pub(crate) fn registry(&self, caller: Service, replica: usize) -> SharedRegistry {
        let address = self.replicas[replica % self.replicas.len()].server.url().to_owned();
        let config = PeersConfig { registry: Some(address), ..PeersConfig::default() };
        Arc::new(GrpcRegistry::new(self.peers(caller, config)))
    }

    /// The client of a user with this role.
    pub(crate) fn user(&self, role: Role, partner: Option<&str>, tenant: Option<&str>) -> Client {
        let owner = partner.map(|id| format!("partners/{id}")).or(tenant.map(|id| format!("tenants/{id}")));
        let token = user_token(&self.keys.users, &format!("{role}@example"), role, owner.as_deref());
        RegistryServiceClient::new(self.replicas[0].server.channel(&token))
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
        let stream = stream_key(Service::ClaimIntake, "claim", "contoso", claim);
        let actor = Actor::new(ActorSide::Partner, "alice");
        self.replicas[0].receiver.apply(incoming_event(stream, sequence, actor, at, payload)).await
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
