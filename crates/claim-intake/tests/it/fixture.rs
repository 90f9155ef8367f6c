//! A running claim-intake for each test.
use std::sync::Arc;

use cpor_call::status;
use cpor_claim_intake::{Config, build_with, migrations};
use cpor_durable::{HostedService, ReceiveError, ServiceContext};
use cpor_proto::r#type::v1 as types;
use cpor_proto::{
    claims::v1::{self as wire, claim_service_client::ClaimServiceClient},
    events::v1::event::Payload,
};
use cpor_registry_client::{Location, Product, Tenant, fake::FakeRegistry};
use cpor_testing::{
    AuthorizedChannel, FaultyRegistry, TestDatabase, TestKeys, TestServer, incoming_event, service_context, stream_key,
    user_token,
};
use cpor_types::{
    Actor, ActorSide, MailLanguage, ProductFamily, ProductKind, Role, Service, SolutionArea, TenantId, Timestamp,
    VirtualClock,
};
use tonic::Status;
use uuid::Uuid;

/// The id of the tenant Fabrikam.
pub(crate) const TENANT: &str = "00000000-0000-4000-8000-000000000001";

/// The business time at which every test starts: Friday, 2026-03-06, 09:00 in Berlin.
pub(crate) fn start() -> Timestamp {
    "2026-03-06T08:00:00Z".parse().unwrap()
}

/// A client that sends the same token with every call.
pub(crate) type Client = ClaimServiceClient<AuthorizedChannel>;

/// A running claim-intake with its database, registry and server.
pub(crate) struct TestSystem {
    pub(crate) hosted: HostedService,
    pub(crate) registry: FaultyRegistry,
    pub(crate) database: TestDatabase,
    server: TestServer,
    keys: TestKeys,
}

impl TestSystem {
    pub(crate) async fn new(database: &TestDatabase) -> Self {
        Self::with_config(database, Config::default()).await
    }

    pub(crate) async fn with_config(database: &TestDatabase, config: Config) -> Self {
        let (db, keys) = (database.migrated(migrations()).await, TestKeys::generate());
        let context = service_context(Service::ClaimIntake, db, &VirtualClock::new(start()), 1, &keys);
        let context = ServiceContext { data_dir: Some(database.folder().to_owned()), ..context };
        let registry = FaultyRegistry::new(registry());
        let mut hosted = build_with(config, context, Arc::new(registry.clone())).await.unwrap();
        let server = TestServer::start(&mut hosted, &keys).await;
        Self { hosted, registry, database: database.clone(), server, keys }
    }

    /// Starts a second claim-intake on the same database and folder. Returns the error if it does
    /// not start.
    pub(crate) async fn restart(&self, config: Config) -> Result<Self, String> {
        let (db, keys) = (self.database.open().await, TestKeys::generate());
        let context = service_context(Service::ClaimIntake, db, &VirtualClock::new(start()), 2, &keys);
        let context = ServiceContext { data_dir: Some(self.database.folder().to_owned()), ..context };
        let registry = self.registry.clone();
        let hosted = build_with(config, context, Arc::new(registry.clone())).await;
        let mut hosted = hosted.map_err(|error| error.to_string())?;
        let server = TestServer::start(&mut hosted, &keys).await;
        Ok(Self { hosted, registry, database: self.database.clone(), server, keys })
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

    pub(crate) fn client(&self, subject: &str, role: Role, partner: Option<&str>) -> Client {
        let owner = partner.map(|id| format!("partners/{id}"));
        let token = user_token(&self.keys.users, subject, role, owner.as_deref());
        ClaimServiceClient::new(self.server.channel(&token))
    }

    /// Delivers an event of another service, with this sequence number of its stream.
    pub(crate) async fn deliver(
        &self,
        source: Service,
        sequence: u64,
        time: Timestamp,
        payload: Payload,
    ) -> Result<(), ReceiveError> {
        let side = match source {
            Service::PoeReview => ActorSide::Reviewer,
            Service::CustomerConsent => ActorSide::Customer,
            Service::ClaimIntake | Service::Eligibility | Service::Registry => ActorSide::System,
        };
        let actor = Actor::new(side, "rita@vendor.example");
        let stream = stream_key(source, "case", TENANT, Uuid::from_u128(1));
        self.hosted.receiver.apply(incoming_event(stream, sequence, actor, time, payload)).await
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
    let location = Location {
        mpn_id: "4711".parse().unwrap(),
        region: "emea".into(),
        calendar: "de".into(),
        language: MailLanguage::English,
    };
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
