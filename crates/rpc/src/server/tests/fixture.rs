//! A running server with a test service that blocks, panics or returns errors on demand.
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use cpor_proto::{
    events::v1::{
        DeliverEventsRequest, DeliverEventsResponse,
        event_service_server::{EventService, EventServiceServer},
    },
    operations::v1::{
        AdvanceClockRequest, AdvanceClockResponse, BusinessClock, Deadline, GetClockRequest, ListDeadlinesRequest,
        ListDeadlinesResponse, ListStreamsRequest, ListStreamsResponse, RetryStreamRequest, Stream,
        operations_service_client::OperationsServiceClient,
        operations_service_server::{OperationsService, OperationsServiceServer},
    },
};
use cpor_types::{Role, SeededEntropy, Service, SystemClock};
use tokio::{net::TcpListener, sync::Notify, task::JoinHandle};
use tonic::{Code, Request, Response, Status, transport::Channel};

use crate::{
    Peers,
    config::{Limits, PeersConfig, TlsConfig},
    request,
    server::{GrpcServices, Server, ServerDependencies, ServerError},
};
use cpor_auth::{Caller, ClientCertificate, ServiceSigner, TokenSigner, UserToken, VerificationKeys};
use cpor_call::context::{CallDeadline, current_request_id};
use cpor_call::status::reason;
use cpor_process::{
    Metrics,
    lifecycle::{Readiness, Shutdown},
};

/// The controls by which a test observes and steers the test service.
#[derive(Default)]
pub(super) struct Controls {
    /// Notified when AdvanceClock is called.
    pub(super) entered: Notify,
    /// Notify it to let AdvanceClock return.
    pub(super) release: Notify,
    /// The caller, the remaining time and the request id of the last DeliverEvents call.
    pub(super) last_call: Mutex<Option<(Caller, Duration, Option<String>)>>,
    /// The client certificate of the last DeliverEvents call.
    pub(super) last_certificate: Mutex<ClientCertificate>,
}

#[derive(Clone)]
struct TestService(Arc<Controls>);

#[tonic::async_trait]
impl OperationsService for TestService {
    async fn get_clock(&self, request: Request<GetClockRequest>) -> Result<Response<BusinessClock>, Status> {
        request::validate(request)?;
        Ok(Response::new(BusinessClock { time: None, is_virtual: true }))
    }

    async fn list_streams(&self, _: Request<ListStreamsRequest>) -> Result<Response<ListStreamsResponse>, Status> {
        std::future::pending().await
    }

    async fn retry_stream(&self, _: Request<RetryStreamRequest>) -> Result<Response<Stream>, Status> {
        panic!("a defect with a secret in it")
    }

    async fn list_deadlines(
        &self,
        request: Request<ListDeadlinesRequest>,
    ) -> Result<Response<ListDeadlinesResponse>, Status> {
        let (_, request) = request::validate(request)?;
        match request.page_size {
            0 => Err(Status::unknown("secret")),
            size => Ok(Response::new(ListDeadlinesResponse {
                deadlines: vec![Deadline::default(); size as usize],
                ..Default::default()
            })),
        }
    }

    async fn advance_clock(&self, _: Request<AdvanceClockRequest>) -> Result<Response<AdvanceClockResponse>, Status> {
        self.0.entered.notify_one();
        self.0.release.notified().await;
        Ok(Response::new(AdvanceClockResponse::default()))
    }
}

#[tonic::async_trait]
impl EventService for TestService {
    async fn deliver_events(
        &self,
        request: Request<DeliverEventsRequest>,
    ) -> Result<Response<DeliverEventsResponse>, Status> {
        let remaining = request.extensions().get::<CallDeadline>().unwrap().remaining();
        let id = current_request_id();
        let certificate = request.extensions().get::<ClientCertificate>().unwrap().clone();
        *self.0.last_certificate.lock().unwrap() = certificate;
        let caller = request.extensions().get::<Arc<Caller>>().unwrap().as_ref().clone();
        *self.0.last_call.lock().unwrap() = Some((caller, remaining, id));
        Ok(Response::new(DeliverEventsResponse::default()))
    }
}

/// A running server that hosts the test service as the registry, and what is needed to call it.
pub(super) struct TestServer {
    pub(super) address: String,
    pub(super) controls: Arc<Controls>,
    pub(super) signer: TokenSigner,
    /// Signs the tokens of claim-intake.
    pub(super) claim_intake: ServiceSigner,
    pub(super) shutdown: Shutdown,
    pub(super) metrics: Metrics,
    pub(super) readiness: Readiness,
    pub(super) serving: JoinHandle<Result<(), ServerError>>,
}

pub(super) async fn start(limits: Limits, tls: TlsConfig) -> TestServer {
    let controls = Arc::new(Controls::default());
    let service = TestService(controls.clone());
    let signer = TokenSigner::generate("cpor", Arc::new(SystemClock)).unwrap();
    let claim_intake = ServiceSigner::generate(Service::ClaimIntake, Arc::new(SystemClock)).unwrap();
    let keys = Arc::new(VerificationKeys::new("cpor", &signer.jwks(), &claim_intake.jwks()).unwrap());
    let (metrics, readiness, shutdown) = (Metrics::new(), Readiness::new(), Shutdown::new(Duration::from_secs(20)));
    let entropy = Arc::new(SeededEntropy::new(1));
    let operations = OperationsServiceServer::new(service.clone()).max_decoding_message_size(64 << 10);
    let services =
        GrpcServices::default().add(Service::Registry, operations).add_shared(EventServiceServer::new(service));
    assert_eq!(services.hosted(), [Service::Registry]);
    let scheme = if tls.enabled() { "https" } else { "http" };
    let dependencies = ServerDependencies {
        keys,
        limits,
        tls,
        metrics: metrics.clone(),
        readiness: readiness.clone(),
        entropy,
        directory: None,
    };
    let server = Server::prepare(dependencies, services).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("{scheme}://localhost:{}", listener.local_addr().unwrap().port());
    let server_shutdown = shutdown.clone();
    let serving = tokio::spawn(async move { server.serve(listener, &server_shutdown).await });
    TestServer { address, controls, signer, claim_intake, shutdown, metrics, readiness, serving }
}

impl TestServer {
    pub(super) async fn new() -> Self {
        start(Limits::default(), TlsConfig::default()).await
    }

    pub(super) async fn channel(&self) -> Channel {
        Channel::from_shared(self.address.clone()).unwrap().connect().await.unwrap()
    }

    pub(super) fn token(&self) -> String {
        let operator = UserToken {
            subject: "otto".to_owned(),
            roles: vec![Role::Operator],
            partner: None,
            tenant: None,
            lifetime: Duration::from_secs(60),
        };
        self.signer.user_token(&operator).unwrap()
    }

    pub(super) fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", format!("Bearer {}", self.token()).parse().unwrap());
        request
    }

    pub(super) async fn client(&self) -> OperationsServiceClient<Channel> {
        OperationsServiceClient::new(self.channel().await)
    }

    pub(super) fn peers(&self) -> Peers {
        let config = PeersConfig { registry: Some(self.address.clone()), ..PeersConfig::default() };
        Peers::new(&config, self.claim_intake.clone()).unwrap()
    }
}

/// Returns the code and the reason of an error, after checking that it contains nothing secret.
pub(super) fn code_and_reason<T: std::fmt::Debug>(result: Result<T, Status>) -> (Code, String) {
    let status = result.unwrap_err();
    assert!(!format!("{status:?}").contains("secret"), "{status:?}");
    (status.code(), reason(&status).unwrap_or_default())
}

pub(super) fn expected(code: Code, reason: &str) -> (Code, String) {
    (code, reason.to_owned())
}
