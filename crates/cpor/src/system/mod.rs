//! A running process: its databases, services, listeners and background tasks.

mod build;
mod clock;
mod directory;
mod schema;

use std::{net::SocketAddr, sync::Arc};

use anyhow::Context as _;
use cpor_auth::{ReceiptSigner, ServiceSigner, ServiceSigners, VerificationKeys};
use cpor_database::{DataDirLock, Db};
use cpor_process::{
    Metrics,
    admin::{self, AdminState},
    lifecycle::{Readiness, Shutdown, Tasks},
    listener::{LimitedListener, serve_http1},
};
use cpor_rpc::{
    config::Limits,
    server::{Server, ServerDependencies, install_crypto_provider},
};
use cpor_types::{Clock, Entropy, Service, Timestamp};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::{CancellationToken, DropGuard};

pub use self::schema::{grant, migrate};
use crate::Config;

/// The services that a process hosts, with their configuration, keys and clocks.
pub struct Settings {
    /// The configuration. It must be valid.
    pub config: Config,
    /// The services that this process hosts.
    pub services: Vec<Service>,
    /// The clock that deadlines and histories use.
    pub clock: ClockChoice,
    /// The public keys with which tokens are verified.
    pub keys: VerificationKeys,
    /// The keys that sign the hosted services' calls to other services, one for each service.
    pub signers: ServiceSigners,
    /// The key that signs receipts. A process that hosts claim-intake needs it.
    pub receipt_signer: Option<ReceiptSigner>,
    /// The source of ids and secrets.
    pub entropy: Arc<dyn Entropy>,
    /// The clock for tokens, retries and leases (the time-limited rights of a process to work on a
    /// row). It is never virtual.
    pub real_clock: Arc<dyn Clock>,
    /// Migrated databases that the caller has opened and will close. The databases of the other
    /// services are opened as configured.
    pub databases: Vec<(Service, Db)>,
}

impl Settings {
    /// Returns the signer of a hosted service.
    fn signer(&self, service: Service) -> anyhow::Result<ServiceSigner> {
        self.signers.get(service).cloned().with_context(|| format!("the process has no key of {service}"))
    }
}

/// The kind of the business clock, which deadlines and histories use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockChoice {
    /// Real time, from PostgreSQL or, with SQLite, from the machine.
    Real,
    /// A clock that only operators move.
    Virtual {
        /// The time at which the clock of a new database starts.
        start: Timestamp,
    },
}

/// The sockets that the process listens on.
pub struct Listeners {
    /// The socket of the gRPC API.
    pub grpc: TcpListener,
    /// The socket of the consent page, if the process hosts customer-consent.
    pub web: Option<TcpListener>,
    /// The socket of the health and metrics endpoints.
    pub admin: Option<TcpListener>,
}

/// A running process of the system, which hosts one or more services.
pub struct System {
    grpc: SocketAddr,
    web: Option<SocketAddr>,
    admin: Option<SocketAddr>,
    shutdown: Shutdown,
    tasks: Tasks,
    /// The task of the gRPC server.
    server: JoinHandle<anyhow::Result<()>>,
    /// Stops the admin endpoints when it is dropped. They stop last, because operators read the
    /// state of the shutdown from them.
    admin_guard: DropGuard,
    /// The databases that the process has opened.
    databases: Vec<Db>,
    /// The lock on the data directory, which is held while the system runs.
    _directory_lock: Option<DataDirLock>,
}

impl System {
    /// Opens the databases, builds the services, and serves them.
    ///
    /// # Errors
    /// Returns an error if the data directory is in use, if a database cannot be opened or was
    /// created with the other kind of clock, or if a service cannot be built.
    pub async fn start(settings: Settings, listeners: Listeners) -> anyhow::Result<Self> {
        install_crypto_provider();
        let limits: Limits = settings.config.limits.clone();
        let shutdown = limits.shutdown();
        let (metrics, readiness) = (Metrics::new(), Readiness::new());
        let tasks = Tasks::new(&shutdown, &metrics, settings.entropy.clone());
        let directory_lock = lock_directory(&settings.config)?;
        let addresses = (
            listeners.grpc.local_addr()?,
            local_address(listeners.web.as_ref())?,
            local_address(listeners.admin.as_ref())?,
        );

        let admin_token = CancellationToken::new();
        if let Some(listener) = listeners.admin {
            let admin = AdminState { readiness: readiness.clone(), metrics: metrics.clone() };
            let stop = admin_token.clone();
            tokio::spawn(admin::serve(listener, admin, stop));
        }
        settings.keys.keep_fresh(&tasks, &metrics, &settings.entropy);
        let hosted = build::host_services(&settings, &metrics, &readiness, &tasks).await?;
        if let Some((listener, page)) = listeners.web.zip(hosted.web) {
            let listener = LimitedListener::new(listener, "web", limits.page_connections(), &metrics);
            tasks.spawn(serve_http1(listener, page, shutdown.drain_token()));
        }
        let directory = directory::connect(&settings)?;
        let parts = ServerDependencies {
            keys: Arc::new(settings.keys),
            limits,
            tls: settings.config.tls.clone(),
            metrics,
            readiness,
            entropy: settings.entropy,
            directory,
        };
        let server_shutdown = shutdown.clone();
        let server = Server::prepare(parts, hosted.services)?;
        let server = tokio::spawn(async move { Ok(server.serve(listeners.grpc, &server_shutdown).await?) });
        let (grpc, web, admin) = addresses;
        Ok(Self {
            grpc,
            web,
            admin,
            shutdown,
            tasks,
            server,
            admin_guard: admin_token.drop_guard(),
            databases: hosted.databases,
            _directory_lock: directory_lock,
        })
    }

    /// Returns the address of the gRPC API.
    #[must_use]
    pub fn grpc(&self) -> SocketAddr {
        self.grpc
    }

    /// Returns the address of the consent page, if the process serves it.
    #[must_use]
    pub fn web(&self) -> Option<SocketAddr> {
        self.web
    }

    /// Returns the address of the health and metrics endpoints, if the process serves them.
    #[must_use]
    pub fn admin(&self) -> Option<SocketAddr> {
        self.admin
    }

    /// Serves until SIGTERM or Ctrl-C, then shuts down gracefully.
    ///
    /// # Errors
    /// Returns an error if the gRPC server failed.
    pub async fn run(self) -> anyhow::Result<()> {
        self.shutdown.on_signals()?;
        let outcome = self.server.await.context("the server panicked")?;
        self.shutdown.drain();
        self.tasks.join().await;
        close_databases(self.databases).await;
        drop(self.admin_guard);
        outcome
    }

    /// Shuts down gracefully, as on SIGTERM, and waits until all tasks have ended.
    pub async fn stop(self) {
        self.shutdown.drain();
        if let Err(error) = self.server.await {
            tracing::error!(%error, "the gRPC server ended with an error");
        }
        self.tasks.join().await;
        close_databases(self.databases).await;
    }

    /// Aborts all tasks at once. This is for tests, which cannot kill their own process.
    pub fn kill(self) {
        self.server.abort();
        self.shutdown.abort();
    }
}

/// Closes the connections. On SQLite this also removes the write-ahead logs.
async fn close_databases(databases: Vec<Db>) {
    for db in databases {
        if let Err(error) = db.close().await {
            tracing::warn!(%error, "closing a database failed");
        }
    }
}

fn local_address(listener: Option<&TcpListener>) -> std::io::Result<Option<SocketAddr>> {
    listener.map(TcpListener::local_addr).transpose()
}

/// Locks the data directory if the databases are SQLite files, which only one process can use.
fn lock_directory(config: &Config) -> anyhow::Result<Option<DataDirLock>> {
    if config.database.url.is_some() {
        return Ok(None);
    }
    Ok(Some(DataDirLock::acquire(&config.database.directory)?))
}
