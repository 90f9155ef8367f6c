//! The system: services put together in one process, with everything around them.

mod build;
mod clock;
mod schema;

use std::{net::SocketAddr, sync::Arc};

use anyhow::Context as _;
use cpor_kit::{
    Db, Metrics,
    admin::{self, AdminState},
    auth::{TokenSigner, VerificationKeys},
    config::Limits,
    db::DataDirLock,
    lifecycle::{Readiness, Shutdown, Tasks},
    server::{Server, ServerDependencies, install_crypto_provider},
};
use cpor_types::{Clock, Entropy, Service, Timestamp};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::{CancellationToken, DropGuard};

pub use self::schema::migrate;
use crate::Config;

/// What to start.
pub struct Settings {
    /// The configuration, checked.
    pub config: Config,
    /// The services that this process hosts.
    pub services: Vec<Service>,
    /// The business clock.
    pub clock: ClockChoice,
    /// Whose tokens are believed.
    pub keys: VerificationKeys,
    /// What signs calls to other services.
    pub signer: TokenSigner,
    /// Where ids and secrets come from.
    pub entropy: Arc<dyn Entropy>,
    /// Real time, for leases, back-off and tokens.
    pub real_clock: Arc<dyn Clock>,
}

/// Where business time comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockChoice {
    /// From the database or the machine.
    Real,
    /// From an operator.
    Virtual {
        /// What it shows when it is started for the first time.
        start: Timestamp,
    },
}

/// Where to listen.
pub struct Listeners {
    /// gRPC.
    pub grpc: TcpListener,
    /// The consent page, where customer-consent is hosted.
    pub web: Option<TcpListener>,
    /// Health and metrics.
    pub admin: Option<TcpListener>,
}

/// A running system.
pub struct System {
    grpc: SocketAddr,
    web: Option<SocketAddr>,
    admin: Option<SocketAddr>,
    shutdown: Shutdown,
    tasks: Tasks,
    server: JoinHandle<anyhow::Result<()>>,
    /// Ends the admin listener, the last of all: until then it says how the draining goes.
    watched: DropGuard,
    databases: Vec<Db>,
    /// Held as long as the system runs.
    _directory: Option<DataDirLock>,
}

impl System {
    /// Opens databases, builds the services, and serves them.
    ///
    /// # Errors
    /// When the data directory is in use, a database cannot be opened or was made with the other kind of clock, or a service cannot be
    /// built.
    pub async fn start(settings: Settings, listeners: Listeners) -> anyhow::Result<Self> {
        install_crypto_provider();
        let limits: Limits = settings.config.limits.clone();
        let shutdown = Shutdown::new(limits.shutdown_grace());
        let (metrics, readiness) = (Metrics::new(), Readiness::new());
        let tasks = Tasks::new(&shutdown, &metrics, settings.entropy.clone());
        let directory = lock_directory(&settings.config)?;
        let addresses =
            (listeners.grpc.local_addr()?, address(listeners.web.as_ref())?, address(listeners.admin.as_ref())?);

        let watched = CancellationToken::new();
        if let Some(listener) = listeners.admin {
            let admin = AdminState { readiness: readiness.clone(), metrics: metrics.clone() };
            let until = watched.clone();
            tokio::spawn(async move { log_end("admin", admin::serve(listener, admin, until).await) });
        }
        let built = build::all(&settings, &metrics, &readiness, &tasks).await?;
        if let Some((listener, page)) = listeners.web.zip(built.web) {
            let until = shutdown.drain_token();
            let served = axum::serve(listener, page).with_graceful_shutdown(until.cancelled_owned());
            tasks.spawn(async move { log_end("consent page", served.await) });
        }
        let parts = ServerDependencies {
            keys: Arc::new(settings.keys),
            limits,
            tls: settings.config.tls.clone(),
            metrics,
            readiness,
            entropy: settings.entropy,
        };
        let until = shutdown.clone();
        let server = Server::prepare(parts, built.services)?;
        let server = tokio::spawn(async move { Ok(server.serve(listeners.grpc, &until).await?) });
        let (grpc, web, admin) = addresses;
        Ok(Self {
            grpc,
            web,
            admin,
            shutdown,
            tasks,
            server,
            watched: watched.drop_guard(),
            databases: built.databases,
            _directory: directory,
        })
    }

    /// Where gRPC is served.
    #[must_use]
    pub fn grpc(&self) -> SocketAddr {
        self.grpc
    }

    /// Where the consent page is served.
    #[must_use]
    pub fn web(&self) -> Option<SocketAddr> {
        self.web
    }

    /// Where health and metrics are served.
    #[must_use]
    pub fn admin(&self) -> Option<SocketAddr> {
        self.admin
    }

    /// Serves until SIGTERM or Ctrl-C, then drains.
    ///
    /// # Errors
    /// When the server fails.
    pub async fn run(self) -> anyhow::Result<()> {
        self.shutdown.on_signals()?;
        let outcome = self.server.await.context("the server panicked")?;
        self.shutdown.drain();
        self.tasks.join().await;
        close(self.databases).await;
        drop(self.watched);
        outcome
    }

    /// Drains, as SIGTERM would, and waits for the end.
    pub async fn stop(self) {
        self.shutdown.drain();
        if let Err(error) = self.server.await {
            tracing::error!(%error, "the server did not end well");
        }
        self.tasks.join().await;
        close(self.databases).await;
    }

    /// Drops everything at once, as far as one process can show what `kill -9` leaves behind.
    pub fn kill(self) {
        self.server.abort();
        self.shutdown.abort();
    }
}

/// Nobody uses them any more: lets go of their connections, and on SQLite of the write-ahead logs.
async fn close(databases: Vec<Db>) {
    for db in databases {
        if let Err(error) = db.close().await {
            tracing::warn!(%error, "a database did not close well");
        }
    }
}

fn address(listener: Option<&TcpListener>) -> std::io::Result<Option<SocketAddr>> {
    listener.map(TcpListener::local_addr).transpose()
}

/// Embedded databases belong to one process.
fn lock_directory(config: &Config) -> anyhow::Result<Option<DataDirLock>> {
    if config.database.url.is_some() {
        return Ok(None);
    }
    Ok(Some(DataDirLock::acquire(&config.database.directory)?))
}

fn log_end(what: &str, outcome: std::io::Result<()>) {
    if let Err(error) = outcome {
        tracing::error!(%error, "{what} ended");
    }
}
