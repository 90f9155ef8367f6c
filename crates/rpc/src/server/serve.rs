//! Assembles and runs the gRPC server.
use std::{sync::Arc, time::Duration};

use axum::middleware::from_fn_with_state;
use cpor_types::Entropy;
use tokio::net::TcpListener;
use tonic::service::Routes;

use super::{
    Directory, GrpcServices,
    admission::Admission,
    connection,
    deadline::Deadlines,
    directory::KnownOwners,
    health,
    middleware::{Middleware, handle},
    observe::Observer,
    reflection,
};
use crate::{
    config::{Limits, TlsConfig},
    request::{self, UnsupportedRule},
    tls::{ServerTls, TlsError},
};
use cpor_auth::{AccessError, Authorizer, MethodTable, VerificationKeys};
use cpor_process::{
    lifecycle::{Readiness, Shutdown},
    listener::{ConnectionLimits, LimitedListener},
    metrics::Metrics,
};

/// The number of HTTP/2 streams that a client may reset before the server has accepted them. The
/// connection of a client that exceeds it (as in a "rapid reset" attack) is closed.
const MAX_PENDING_RESETS: usize = 32;
/// The interval of the pings that check whether a client is still connected.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(30);
/// The time within which a client must respond to a ping.
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(20);
/// The number of bytes that a client may send on one stream before they are read.
const STREAM_WINDOW: u32 = 1 << 20;
/// The number of bytes that a client may send on one connection before they are read.
const CONNECTION_WINDOW: u32 = 1 << 20;

/// The dependencies of a server, which its process provides.
#[derive(Clone)]
pub struct ServerDependencies {
    /// The keys with which bearer tokens are verified.
    pub keys: Arc<VerificationKeys>,
    /// The limits for requests and connections.
    pub limits: Limits,
    /// The certificate and its key. Without them the server does not use TLS.
    pub tls: TlsConfig,
    /// The registry of the server's metrics.
    pub metrics: Metrics,
    /// The readiness that the health service reports.
    pub readiness: Readiness,
    /// The source of randomness for request ids.
    pub entropy: Arc<dyn Entropy>,
    /// The partners and tenants that exist. Without it, users of any partner or tenant may call.
    pub directory: Option<Arc<dyn Directory>>,
}

/// The reason why a server cannot be set up or has failed.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// Methods have no valid access declaration.
    #[error("methods cannot be served:{}", lines(.0))]
    Access(Vec<AccessError>),
    /// The protos contain constraints that the server does not enforce.
    #[error("constraints cannot be enforced:{}", lines(.0))]
    Rules(Vec<UnsupportedRule>),
    /// The files of the section `tls` cannot be used.
    #[error("tls: {0}")]
    Tls(#[from] TlsError),
    /// The reflection service cannot read the descriptors.
    #[error("reflection: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// The listener has failed.
    #[error("the gRPC server failed: {0}")]
    Transport(#[from] tonic::transport::Error),
}

/// Returns each item on an indented line of its own, for error messages.
fn lines(items: &[impl std::fmt::Display]) -> String {
    items.iter().map(|item| format!("\n  {item}")).collect()
}

/// A gRPC server that is assembled but does not listen yet.
pub struct Server {
    routes: Routes,
    transport: tonic::transport::Server,
    tls: Option<Arc<ServerTls>>,
    connection_limits: ConnectionLimits,
    metrics: Metrics,
    readiness: Readiness,
    /// The task that copies the readiness to the health service. It works while it is polled.
    health: futures_util::future::BoxFuture<'static, ()>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").finish_non_exhaustive()
    }
}

impl Server {
    /// Assembles a server: checks the access declarations and the constraints of all methods, reads
    /// the certificate, adds health and reflection, and wraps everything in the middleware.
    ///
    /// # Errors
    /// Returns a [`ServerError`] if an access declaration, a constraint or the certificate cannot
    /// be used.
    pub fn prepare(dependencies: ServerDependencies, services: GrpcServices) -> Result<Self, ServerError> {
        request::check_rules().map_err(ServerError::Rules)?;
        let methods = Arc::new(MethodTable::build(&services.audiences()).map_err(ServerError::Access)?);
        let transport = transport(&dependencies.limits);
        let tls = ServerTls::open(&dependencies.tls)?.map(Arc::new);
        let requires_certificates = tls.as_ref().is_some_and(|tls| tls.requires_certificates());
        let (reporter, health_server) = tonic_health::server::health_reporter();
        let health =
            health::report_readiness(reporter, dependencies.readiness.clone(), services.grpc_services().to_vec());
        let health_router = Routes::new(health_server).into_axum_router().reset_fallback();
        let router = health_router.merge(reflection::router(&services)?).merge(services.into_router());
        let (readiness, metrics) = (dependencies.readiness.clone(), dependencies.metrics.clone());
        Ok(Self {
            connection_limits: dependencies.limits.grpc_connections(),
            metrics,
            routes: add_middleware(dependencies, requires_certificates, methods, router),
            transport,
            tls,
            readiness,
            health: Box::pin(health),
        })
    }

    /// Serves until the process drains (takes no new requests) and all requests are finished, or
    /// until the grace period of the shutdown is over. The health service reports NOT_SERVING from
    /// the start of the shutdown, before the process drains.
    ///
    /// # Errors
    /// Returns an error if the listener fails.
    pub async fn serve(mut self, listener: TcpListener, shutdown: &Shutdown) -> Result<(), ServerError> {
        let (drain_token, abort_token, readiness) = (shutdown.drain_token(), shutdown.abort_token(), self.readiness);
        let leave_token = shutdown.leave_token();
        let report_leaving = async move {
            leave_token.cancelled().await;
            readiness.drain();
        };
        let drained = async move { drain_token.cancelled().await };
        let listener = LimitedListener::new(listener, "grpc", self.connection_limits, &self.metrics);
        let incoming = connection::accept(listener, self.tls, self.connection_limits.max_open);
        let serving = self.transport.add_routes(self.routes).serve_with_incoming_shutdown(incoming, drained);
        let serving_with_health = async {
            // The end of the health reporter does not end the server.
            tokio::select! {
                result = serving => result,
                never = async { tokio::join!(report_leaving, self.health); std::future::pending().await } => never,
            }
        };
        tokio::select! {
            result = serving_with_health => Ok(result?),
            () = abort_token.cancelled() => Ok(()),
        }
    }
}

/// Wraps the router in the middleware.
fn add_middleware(
    dependencies: ServerDependencies,
    requires_certificates: bool,
    methods: Arc<MethodTable>,
    router: axum::Router,
) -> Routes {
    let ServerDependencies { keys, limits, metrics, entropy, directory, .. } = dependencies;
    let middleware = Middleware {
        observer: Observer::new(methods, &metrics, entropy),
        deadlines: Deadlines::new(&limits),
        authorizer: Authorizer { keys, requires_certificates },
        admission: Admission::new(&limits, &metrics),
        owners: directory.map(KnownOwners::new),
    };
    let router = router.fallback(async || http::StatusCode::NOT_FOUND);
    Routes::from(router.layer(from_fn_with_state(Arc::new(middleware), handle))).prepare()
}

/// Configures the HTTP/2 transport with the limits.
fn transport(limits: &Limits) -> tonic::transport::Server {
    tonic::transport::Server::builder()
        .max_concurrent_streams(limits.max_streams_per_connection)
        .http2_max_header_list_size(limits.max_header_bytes)
        .http2_max_pending_accept_reset_streams(Some(MAX_PENDING_RESETS))
        .http2_max_local_error_reset_streams(Some(MAX_PENDING_RESETS))
        .http2_keepalive_interval(Some(KEEPALIVE_INTERVAL))
        .http2_keepalive_timeout(Some(KEEPALIVE_TIMEOUT))
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        // Without a grace period, tonic asks the client to reconnect (GOAWAY) at this age. With
        // one, it would only close the connection at the end of that period, with the calls in
        // flight.
        .max_connection_age(Duration::from_secs(limits.max_connection_age_seconds))
}

/// Selects the cryptography provider of rustls for the process. The selection is required because
/// several providers are linked. Repeated calls have no effect.
pub fn install_crypto_provider() {
    // An error means that a provider is already installed.
    let (Ok(()) | Err(_)) = rustls::crypto::aws_lc_rs::default_provider().install_default();
}
