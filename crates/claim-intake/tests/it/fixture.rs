//! A running claim-intake for each test.
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use cpor_auth::{TokenSigner, UserToken, VerificationKeys};
use cpor_call::status;
use cpor_claim_intake::{Config, build_with, migrations};
use cpor_database::Db;
use cpor_durable::{
    BusinessClock, HostedService, IncomingEvent, ReceiveError, ServiceContext, StreamKey, StreamPosition,
};
use cpor_process::{
    Metrics,
    lifecycle::{Readiness, Shutdown},
};
use cpor_proto::r#type::v1 as types;
use cpor_proto::{
    claims::v1::{self as wire, claim_service_client::ClaimServiceClient},
    events::v1::event::Payload,
};
use cpor_registry_client::{
    Arbitration, ArbitrationOutcome, CheckedClaim, ClaimToCheck, HoldOutcome, HoldRequest, Location, Product, Registry,
    RegistryError, Tenant, fake::FakeRegistry,
};
use cpor_rpc::{
    Peers,
    config::{Limits, PeersConfig, TlsConfig},
    server::{GrpcServices, Server, ServerDependencies, install_crypto_provider},
};
use cpor_types::{
    Actor, ActorSide, Entropy, PartnerId, ProductFamily, ProductKind, Role, SeededEntropy, Service, SolutionArea,
    SystemClock, SystemEntropy, TenantId, TenantKey, Timestamp, VirtualClock,
};
use futures_util::future::BoxFuture;
use sea_orm::{ConnectOptions, ConnectionTrait, Database};
use sea_orm_migration::{MigrationTrait, MigratorTrait};
use tonic::{
    Request, Status,
    metadata::MetadataValue,
    service::interceptor::InterceptedService,
    transport::{Channel, Endpoint},
};
use uuid::Uuid;

/// Declares tests that run on both databases.
macro_rules! on_both_databases {
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
pub(crate) use on_both_databases;

/// The id of the tenant Fabrikam.
pub(crate) const TENANT: &str = "00000000-0000-4000-8000-000000000001";

/// The business time at which every test starts: Friday, 2026-03-06, 09:00 in Berlin.
pub(crate) fn start() -> Timestamp {
    "2026-03-06T08:00:00Z".parse().unwrap()
}

/// A client that sends the same token with every call.
pub(crate) type Client = ClaimServiceClient<InterceptedService<Channel, Bearer>>;

/// Adds a bearer token to every call.
#[derive(Clone)]
pub(crate) struct Bearer(MetadataValue<tonic::metadata::Ascii>);

impl tonic::service::Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

/// A running claim-intake with its database, registry and server.
pub(crate) struct TestSystem {
    pub(crate) hosted: HostedService,
    pub(crate) registry: FakeRegistry,
    /// The actions that run while the registry answers, one for each call.
    pub(crate) interruptions: Interruptions,
    pub(crate) directory: tempfile::TempDir,
    channel: Channel,
    signer: TokenSigner,
    shutdown: Shutdown,
    _database: Option<TemporaryDatabase>,
}

impl TestSystem {
    /// Starts a system on SQLite.
    pub(crate) async fn sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let db = Db::open_sqlite(&directory.path().join("claims.db")).await.unwrap();
        Self::start(db, directory, None).await
    }

    /// Starts a system on a new PostgreSQL database.
    pub(crate) async fn postgres() -> Self {
        let maintenance =
            std::env::var("CPOR_TEST_POSTGRES").expect("CPOR_TEST_POSTGRES is not set: run `cargo xtask test`");
        let name = format!("claims_{}", Uuid::from_bytes(SystemEntropy.secret()[..16].try_into().unwrap()).simple());
        connect(&maintenance).await.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
        let (base, _) = maintenance.rsplit_once('/').unwrap();
        let db = Db::open_postgres(&format!("{base}/{name}"), None, 8).await.unwrap();
        Self::start(db, tempfile::tempdir().unwrap(), Some(TemporaryDatabase { maintenance, name })).await
    }

    async fn start(db: Db, directory: tempfile::TempDir, database: Option<TemporaryDatabase>) -> Self {
        install_crypto_provider();
        Migrator::up(db.writer(), None).await.unwrap();
        let signer = TokenSigner::generate("cpor", Arc::new(SystemClock)).unwrap();
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
        let metrics = Metrics::new();
        let context = ServiceContext {
            db,
            business_clock: BusinessClock::Virtual,
            clock: Arc::new(VirtualClock::new(start())),
            entropy: Arc::new(SeededEntropy::new(1)),
            peers: Peers::new(Service::ClaimIntake, &PeersConfig::default(), signer.clone()).unwrap(),
            metrics: metrics.clone(),
            policies: cpor_types::PolicyProfiles::shipped().unwrap(),
            calendars: cpor_types::Calendars::shipped().unwrap(),
            data_dir: Some(directory.path().to_owned()),
        };
        let (registry, interruptions) = (registry(), Interruptions::default());
        let interrupted_registry =
            InterruptedRegistry { registry: registry.clone(), interruptions: Arc::clone(&interruptions) };
        let mut hosted = build_with(Config::default(), context, Arc::new(interrupted_registry)).await.unwrap();
        let parts = ServerDependencies {
            keys: Arc::new(VerificationKeys::new("cpor", &signer.jwks(), &signer.jwks()).unwrap()),
            limits: Limits::default(),
            tls: TlsConfig::default(),
            metrics,
            readiness: Readiness::new(),
            entropy,
        };
        let routes = std::mem::take(&mut hosted.routes);
        let services = GrpcServices::default().add_routes(Service::ClaimIntake, &hosted.grpc_services, routes);
        let server = Server::prepare(parts, services).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = Shutdown::new(Duration::from_secs(1));
        let stop = shutdown.clone();
        tokio::spawn(async move { server.serve(listener, &stop).await });
        let channel = Endpoint::from_shared(format!("http://{address}")).unwrap().connect_lazy();
        Self { hosted, registry, interruptions, directory, channel, signer, shutdown, _database: database }
    }

    /// A client for a user of a partner.
    pub(crate) fn partner(&self, partner: &str, role: Role) -> Client {
        self.client("alice@contoso.example", role, Some(partner))
    }

    /// A client for an administrator of Contoso.
    pub(crate) fn contoso(&self) -> Client {
        self.partner("contoso", Role::IncentivesAdmin)
    }

    /// A client for a vendor user.
    pub(crate) fn vendor(&self, role: Role) -> Client {
        self.client("rita@vendor.example", role, None)
    }

    fn client(&self, subject: &str, role: Role, partner: Option<&str>) -> Client {
        let user = UserToken {
            subject: subject.to_owned(),
            roles: vec![role],
            partner: partner.map(|id| id.parse().unwrap()),
            tenant: None,
            lifetime: Duration::from_secs(600),
        };
        let token = self.signer.user_token(&user).unwrap();
        ClaimServiceClient::with_interceptor(self.channel.clone(), Bearer(format!("Bearer {token}").parse().unwrap()))
    }

    /// Delivers an event of another service, with this sequence number of its stream.
    pub(crate) async fn deliver(
        &self,
        source: Service,
        sequence: u64,
        time: Timestamp,
        payload: Payload,
    ) -> Result<(), ReceiveError> {
        let stream = StreamKey { source, aggregate: "case".into(), owner: TENANT.into(), id: Uuid::from_u128(1) };
        let side = match source {
            Service::PoeReview => ActorSide::Reviewer,
            Service::CustomerConsent => ActorSide::Customer,
            Service::ClaimIntake | Service::Eligibility | Service::Registry => ActorSide::System,
        };
        let actor = Actor::new(side, "rita@vendor.example");
        let position = StreamPosition { stream, sequence };
        self.hosted.receiver.apply(IncomingEvent { position, actor, effective_time: time, payload }).await
    }

    /// Creates a complete draft with one document.
    pub(crate) async fn complete_draft(&self) -> wire::Claim {
        let draft = self.create(claim()).await.unwrap();
        self.upload(&draft.name, "proof.pdf", PDF).await.unwrap();
        self.get(&draft.name).await.unwrap()
    }

    /// Creates and submits a claim.
    pub(crate) async fn submitted_claim(&self) -> wire::Claim {
        let draft = self.complete_draft().await;
        self.submit(&draft.name).await.unwrap()
    }

    /// Creates a draft of Contoso.
    pub(crate) async fn create(&self, claim: wire::Claim) -> Result<wire::Claim, Status> {
        let request =
            wire::CreateClaimRequest { parent: "partners/contoso".into(), claim: Some(claim), ..Default::default() };
        Ok(self.contoso().create_claim(request).await?.into_inner())
    }

    pub(crate) async fn get(&self, name: &str) -> Result<wire::Claim, Status> {
        Ok(self.contoso().get_claim(wire::GetClaimRequest { name: name.into() }).await?.into_inner())
    }

    pub(crate) async fn submit(&self, name: &str) -> Result<wire::Claim, Status> {
        let request = wire::SubmitClaimRequest { name: name.into(), ..Default::default() };
        Ok(self.contoso().submit_claim(request).await?.into_inner())
    }

    pub(crate) async fn upload(&self, claim: &str, file_name: &str, data: &[u8]) -> Result<wire::Evidence, Status> {
        let metadata =
            wire::EvidenceMetadata { parent: claim.into(), file_name: file_name.into(), ..Default::default() };
        let message = wire::UploadEvidenceRequest { metadata: Some(metadata), data: data.to_vec() };
        Ok(self.contoso().upload_evidence(tokio_stream::once(message)).await?.into_inner())
    }

    /// Lists the history of a claim as the client sees it.
    pub(crate) async fn history(&self, client: &mut Client, claim: &str) -> Vec<wire::HistoryEntry> {
        let request = wire::ListHistoryRequest { parent: claim.into(), ..Default::default() };
        client.list_history(request).await.unwrap().into_inner().entries
    }
}

impl Drop for TestSystem {
    fn drop(&mut self) {
        self.shutdown.abort();
    }
}

/// A document that is detected as a PDF.
pub(crate) const PDF: &[u8] = b"%PDF-1.7\n% signed by the customer";

/// The content of a complete claim for the usage of Teams, without documents.
pub(crate) fn claim() -> wire::Claim {
    let contact =
        |name: &str| types::Contact { name: name.into(), title: "IT".into(), email: "a@fabrikam.example".into() };
    wire::Claim {
        display_name: "Teams at Fabrikam".into(),
        mpn_id: "4711".into(),
        customer_domain: "fabrikam.example".into(),
        tenant_id: TENANT.into(),
        solution_area: types::SolutionArea::Microsoft365.into(),
        activities: vec![types::Activity::Usage.into()],
        lines: vec![wire::ClaimLine { product: "products/teams".into(), ..Default::default() }],
        customer_contact: Some(contact("Ada")),
        partner_contact: Some(contact("Ben")),
        ..Default::default()
    }
}

/// A registry with the partner Contoso in Berlin, and with the tenant Fabrikam, which uses Teams.
fn registry() -> FakeRegistry {
    let tenant: TenantId = TENANT.parse().unwrap();
    let location = Location { mpn_id: "4711".parse().unwrap(), region: "emea".into(), calendar: "de".into() };
    let teams = Product {
        id: "teams".parse().unwrap(),
        display_name: "Teams".into(),
        solution_area: SolutionArea::Microsoft365,
        family: ProductFamily::Microsoft365,
        kind: ProductKind::Workload,
        incentivized: true,
    };
    let fabrikam = Tenant {
        id: tenant,
        display_name: "Fabrikam".into(),
        region: "emea".into(),
        domains: vec!["fabrikam.example".parse().unwrap()],
        calendar: "de".into(),
    };
    FakeRegistry::default()
        .partner("contoso".parse().unwrap(), "Contoso", [location])
        .tenant(fabrikam)
        .product(teams)
        .workload(tenant, "teams".parse().unwrap())
}

/// Returns the stable reason of a status.
pub(crate) fn reason(status: &Status) -> String {
    status::reason(status).unwrap_or_default()
}

/// Actions that run in order.
pub(crate) type Interruptions = Arc<Mutex<VecDeque<BoxFuture<'static, ()>>>>;

/// A registry that runs an action before each answer arrives.
struct InterruptedRegistry {
    registry: FakeRegistry,
    interruptions: Interruptions,
}

#[tonic::async_trait]
impl Registry for InterruptedRegistry {
    async fn check_claim(&self, actor: &Actor, claim: ClaimToCheck) -> Result<CheckedClaim, RegistryError> {
        let answer = self.registry.check_claim(actor, claim).await;
        let action = self.interruptions.lock().unwrap().pop_front();
        if let Some(action) = action {
            action.await;
        }
        answer
    }

    async fn place_hold(&self, actor: &Actor, hold: HoldRequest) -> Result<HoldOutcome, RegistryError> {
        self.registry.place_hold(actor, hold).await
    }

    async fn arbitrate(&self, actor: &Actor, arbitration: Arbitration) -> Result<ArbitrationOutcome, RegistryError> {
        self.registry.arbitrate(actor, arbitration).await
    }

    async fn check_usage_access(
        &self,
        actor: &Actor,
        partner: &PartnerId,
        key: &TenantKey,
    ) -> Result<Option<Timestamp>, RegistryError> {
        self.registry.check_usage_access(actor, partner, key).await
    }
}

async fn connect(url: &str) -> sea_orm::DatabaseConnection {
    Database::connect(ConnectOptions::new(url).max_connections(1).sqlx_logging(false).to_owned()).await.unwrap()
}

struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        migrations()
    }
}

/// A PostgreSQL database that is dropped at the end of its test.
struct TemporaryDatabase {
    maintenance: String,
    name: String,
}

impl Drop for TemporaryDatabase {
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
