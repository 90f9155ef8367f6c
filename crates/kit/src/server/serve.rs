use std::{sync::Arc, time::Duration};

use axum::middleware::{from_fn, from_fn_with_state};
use cpor_types::Entropy;
use tokio::net::TcpListener;
use tonic::{
    service::Routes,
    transport::{Identity, ServerTlsConfig, server::TcpIncoming},
};

use super::{Services, admission, answer, deadline, drain, health, observe, panic, reflection};
use crate::{
    auth::{AccessError, Gatekeeper, Keys, MethodTable, authorize},
    config::{Limits, TlsConfig},
    lifecycle::{Readiness, Shutdown},
    metrics::Metrics,
    request::{self, UnsupportedRule},
};

/// Streams that a peer may reset before they are accepted: "rapid reset" beyond it costs the peer its connection.
const MAX_PENDING_RESETS: usize = 32;
/// Whether a peer is still there is asked this often, and waited for this long.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(20));
/// Bytes that a peer may send ahead of what is read, on one stream and on one connection.
const WINDOWS: (u32, u32) = (1 << 20, 4 << 20);

/// What a server needs from its process.
#[derive(Clone)]
pub struct ServerParts {
    /// Whose tokens are believed.
    pub keys: Arc<Keys>,
    /// What it takes on.
    pub limits: Limits,
    /// Its certificate; none for plain text.
    pub tls: TlsConfig,
    /// Where it counts.
    pub metrics: Metrics,
    /// What it tells by health checks.
    pub readiness: Readiness,
    /// For request ids.
    pub entropy: Arc<dyn Entropy>,
}

/// A server that cannot be set up, or fails.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// Methods without a sound declaration of who may call them.
    #[error("methods cannot be served:{}", lines(.0))]
    Access(Vec<AccessError>),
    /// Constraints that would be published and not kept.
    #[error("constraints cannot be enforced:{}", lines(.0))]
    Rules(Vec<UnsupportedRule>),
    /// The certificate or its key cannot be read.
    #[error("cannot read {path}: {source}", path = .path.display())]
    File {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The descriptors cannot be reflected.
    #[error("reflection: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// The certificate does not fit, or the listener fails.
    #[error("the gRPC server failed: {0}")]
    Transport(#[from] tonic::transport::Error),
}

fn lines(items: &[impl std::fmt::Display]) -> String {
    items.iter().map(|item| format!("\n  {item}")).collect()
}

/// A server that is checked and set up, and has not bound anything yet.
pub struct Server {
    routes: Routes,
    transport: tonic::transport::Server,
    readiness: Readiness,
    health: futures_util::future::BoxFuture<'static, ()>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").finish_non_exhaustive()
    }
}

impl Server {
    /// Checks that every method says who may call it and every constraint can be enforced, reads the certificate, and
    /// puts the stack around the services, with health and reflection beside them.
    ///
    /// # Errors
    /// Any of that.
    pub fn prepare(parts: ServerParts, services: Services) -> Result<Self, ServerError> {
        request::check_rules().map_err(ServerError::Rules)?;
        let methods = Arc::new(MethodTable::build(&services.callees()).map_err(ServerError::Access)?);
        let transport = transport(&parts.limits, &parts.tls)?;
        let (reporter, health_server) = tonic_health::server::health_reporter();
        let health = health::follow(reporter, parts.readiness.clone(), services.named().to_vec());
        let own = reflection::add(Routes::new(health_server), &services)?;
        let router = services.into_router().merge(own.into_axum_router().reset_fallback());
        let readiness = parts.readiness.clone();
        Ok(Self { routes: stack(parts, methods, router), transport, readiness, health: Box::pin(health) })
    }

    /// Serves until the process drains and everything in work is answered, or the grace is over.
    ///
    /// # Errors
    /// The listener fails.
    pub async fn serve(mut self, listener: TcpListener, shutdown: &Shutdown) -> Result<(), ServerError> {
        let (draining, hard, readiness) = (shutdown.draining(), shutdown.hard(), self.readiness);
        let until = async move {
            draining.cancelled().await;
            readiness.drain();
        };
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
        let serving = self.transport.add_routes(self.routes).serve_with_incoming_shutdown(incoming, until);
        let with_health = async {
            // Health never ends by itself while somebody holds readiness; serving does.
            tokio::select! {
                served = serving => served,
                never = async { self.health.await; std::future::pending().await } => never,
            }
        };
        tokio::select! {
            served = with_health => Ok(served?),
            () = hard.cancelled() => Ok(()),
        }
    }
}

/// Outermost last.
fn stack(parts: ServerParts, methods: Arc<MethodTable>, router: axum::Router) -> Routes {
    let gate = Arc::new(Gatekeeper { keys: parts.keys });
    let admission = Arc::new(admission::Admission::new(parts.limits.max_concurrent_requests, &parts.metrics));
    let observer = Arc::new(observe::Observer::new(methods, &parts.metrics, parts.entropy));
    let router = router
        .fallback(async || http::StatusCode::NOT_FOUND)
        .layer(from_fn_with_state(gate, authorize))
        .layer(from_fn_with_state(deadline::Deadlines::new(&parts.limits), deadline::limit))
        .layer(from_fn_with_state(admission, admission::admit))
        .layer(from_fn(answer::translate))
        .layer(from_fn(panic::catch))
        .layer(from_fn_with_state(observer, observe::observe))
        .layer(from_fn(drain::drain));
    Routes::from(router).prepare()
}

fn transport(limits: &Limits, tls: &TlsConfig) -> Result<tonic::transport::Server, ServerError> {
    let age = Duration::from_secs(limits.max_connection_age_seconds);
    let server = tonic::transport::Server::builder()
        .max_concurrent_streams(limits.max_streams_per_connection)
        .http2_max_header_list_size(limits.max_header_bytes)
        .http2_max_pending_accept_reset_streams(Some(MAX_PENDING_RESETS))
        .http2_max_local_error_reset_streams(Some(MAX_PENDING_RESETS))
        .http2_keepalive_interval(Some(KEEPALIVE.0))
        .http2_keepalive_timeout(Some(KEEPALIVE.1))
        .initial_stream_window_size(WINDOWS.0)
        .initial_connection_window_size(WINDOWS.1)
        .max_connection_age(age)
        .max_connection_age_grace(Duration::from_secs(limits.max_deadline_seconds));
    let (Some(certificate), Some(key)) = (&tls.certificate_file, &tls.key_file) else { return Ok(server) };
    install_crypto();
    let identity = Identity::from_pem(read(certificate)?, read(key)?);
    Ok(server.tls_config(ServerTlsConfig::new().identity(identity))?)
}

fn read(path: &std::path::Path) -> Result<Vec<u8>, ServerError> {
    std::fs::read(path).map_err(|source| ServerError::File { path: path.to_owned(), source })
}

/// Makes one provider of cryptography the process's own. Several are linked in, so rustls would not know which to take.
/// Harmless to repeat.
pub fn install_crypto() {
    // Err: installed before, which is as good.
    let (Ok(()) | Err(_)) = rustls::crypto::aws_lc_rs::default_provider().install_default();
}
