//! One process of the system under test. It can be stopped or killed, and started again on the same
//! data and ports.

use std::{sync::Arc, time::Duration};

use cpor::{
    Config, System,
    system::{ClockChoice, Listeners, Settings},
};
use cpor_auth::VerificationKeys;
use cpor_database::Db;
use cpor_testing::TestKeys;
use cpor_types::{Service, SystemClock, SystemEntropy};
use tokio::{
    runtime::{Builder, Runtime},
    sync::Mutex,
};

use crate::{
    ReservedPort,
    system::START,
    warm_runtime::{OpenDatabases, WarmRuntime},
};

/// A process, which may be running or stopped.
pub struct Node {
    /// The services that the process hosts.
    pub services: Vec<Service>,
    /// The port of the gRPC API.
    pub grpc: ReservedPort,
    /// The port of the consent page.
    pub web: ReservedPort,
    config: Config,
    /// The number of threads of the runtime.
    threads: u8,
    keys: TestKeys,
    /// The running system; `None` while the process is stopped.
    running: Mutex<Option<RunningSystem>>,
    /// The runtime and the open databases that the process uses when it starts next. `None` if it
    /// opens its databases itself.
    warm: Mutex<Option<WarmRuntime>>,
}

/// A running system and its runtime. All tasks of the system end with the runtime.
struct RunningSystem {
    system: System,
    runtime: Runtime,
    /// The databases that the system did not open itself.
    databases: Option<OpenDatabases>,
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Node").field("services", &self.services).field("grpc", &self.grpc).finish_non_exhaustive()
    }
}

impl Node {
    /// Returns a process that has not been started. It gets the private keys of its services only,
    /// and the public keys of all.
    pub(crate) fn new(services: Vec<Service>, config: Config, threads: u8, keys: &TestKeys) -> Self {
        let (grpc, web) = (ReservedPort::reserve(), ReservedPort::reserve());
        Self {
            services,
            grpc,
            web,
            config,
            threads,
            keys: keys.clone(),
            running: Mutex::default(),
            warm: Mutex::default(),
        }
    }

    /// Lets the process use this runtime and its open databases, until it is killed.
    pub(crate) fn with_warm_runtime(mut self, warm: WarmRuntime) -> Self {
        self.warm = Mutex::new(Some(warm));
        self
    }

    /// Changes the configuration that the next start uses.
    pub(crate) fn configure(&mut self, change: impl FnOnce(&mut Config)) {
        change(&mut self.config);
    }

    /// Starts the process.
    ///
    /// # Panics
    /// Panics if the process is running already, or it cannot start.
    pub async fn start(&self) {
        let mut running = self.running.lock().await;
        assert!(running.is_none(), "{:?} are running already", self.services);
        let (runtime, databases) = match self.warm.lock().await.take() {
            Some(WarmRuntime { runtime, databases }) => (runtime, Some(databases)),
            None => (new_runtime(self.threads), None),
        };
        let of_services = databases.as_ref().map(|databases| databases.of_services.clone());
        let (settings, grpc) = (self.settings(of_services.unwrap_or_default()), self.grpc.clone());
        let web = self.services.contains(&Service::CustomerConsent).then(|| self.web.clone());
        let start_system = async move {
            let listeners = Listeners { grpc: grpc.listen(), web: web.map(|port| port.listen()), admin: None };
            System::start(settings, listeners).await
        };
        let system = runtime.spawn(start_system).await.expect("no panic").expect("the system starts");
        *running = Some(RunningSystem { system, runtime, databases });
    }

    /// Stops the process gracefully, like SIGTERM.
    pub async fn stop(&self) {
        if let Some(RunningSystem { system, runtime, databases }) = self.running.lock().await.take() {
            runtime.spawn(system.stop()).await.expect("no panic");
            match databases {
                Some(databases) => *self.warm.lock().await = Some(WarmRuntime { runtime, databases }),
                None => shut_down(runtime).await,
            }
        }
    }

    /// Stops the process gracefully for ever. Returns its runtime if another process can use it.
    pub(crate) async fn end(&self) -> Option<WarmRuntime> {
        self.stop().await;
        self.warm.lock().await.take()
    }

    /// Kills the process, like SIGKILL, and waits until all its tasks have ended.
    pub async fn kill(&self) {
        if let Some(RunningSystem { system, runtime, .. }) = self.running.lock().await.take() {
            system.kill();
            shut_down(runtime).await;
        }
        if let Some(warm) = self.warm.lock().await.take() {
            warm.shut_down().await;
        }
    }

    fn settings(&self, databases: Vec<(Service, Db)>) -> Settings {
        let auth = &self.config.auth;
        let has_files = auth.service_jwks_file.is_some();
        let keys = if has_files {
            VerificationKeys::load(auth).expect("the public keys")
        } else {
            self.keys.verification().with_issuers(&auth.issuers).expect("issuers")
        };
        let signers = if has_files {
            cpor::keys::load_service_signers(auth, &self.services, &keys).expect("the keys of the services")
        } else {
            self.keys.services.only(&self.services)
        };
        Settings {
            config: self.config.clone(),
            services: self.services.clone(),
            clock: ClockChoice::Virtual { start: START.parse().expect("a time") },
            keys,
            signers,
            receipt_signer: self.services.contains(&Service::ClaimIntake).then(|| self.keys.receipts.clone()),
            entropy: Arc::new(SystemEntropy),
            real_clock: Arc::new(SystemClock),
            databases,
        }
    }
}

/// Creates the runtime of a process.
pub(crate) fn new_runtime(threads: u8) -> Runtime {
    Builder::new_multi_thread().worker_threads(threads.into()).enable_all().build().expect("a runtime")
}

/// Drops all tasks. Waits for tasks that are being polled, and for blocking work.
pub(crate) async fn shut_down(runtime: Runtime) {
    let shutdown = tokio::task::spawn_blocking(move || runtime.shutdown_timeout(Duration::from_secs(10)));
    shutdown.await.expect("the runtime ends");
}
