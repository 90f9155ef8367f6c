//! One process of a system: started, stopped, killed, and started again on the same data and the same port.

use std::{sync::Arc, time::Duration};

use cpor::{
    Config, System,
    system::{ClockChoice, Listeners, Settings},
};
use cpor_kit::auth::{Keys, TokenSigner};
use cpor_types::{Service, SystemClock, SystemEntropy};
use tokio::{
    runtime::{Builder, Runtime},
    sync::Mutex,
};

use crate::{Port, world::START};

/// A process, running or not.
pub struct Node {
    /// What it hosts.
    pub services: Vec<Service>,
    /// Its gRPC port.
    pub grpc: Port,
    /// The port of its consent page.
    pub web: Port,
    config: Config,
    threads: u8,
    issuer: TokenSigner,
    signer: TokenSigner,
    running: Mutex<Option<Running>>,
}

/// A system and the runtime that is its process: whatever the system has begun ends with it.
struct Running {
    system: System,
    runtime: Runtime,
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Node").field("services", &self.services).field("grpc", &self.grpc).finish_non_exhaustive()
    }
}

impl Node {
    /// A process that is not running yet. `issuer` signs users' tokens, `signer` those of services.
    pub(crate) fn new(
        services: Vec<Service>,
        config: Config,
        threads: u8,
        issuer: &TokenSigner,
        signer: &TokenSigner,
    ) -> Self {
        let (grpc, web) = (Port::reserve(), Port::reserve());
        Self {
            services,
            grpc,
            web,
            config,
            threads,
            issuer: issuer.clone(),
            signer: signer.clone(),
            running: Mutex::default(),
        }
    }

    /// Changes the configuration of the next start.
    pub(crate) fn configure(&mut self, change: impl FnOnce(&mut Config)) {
        change(&mut self.config);
    }

    /// Starts it.
    ///
    /// # Panics
    /// When it runs already, or does not start.
    pub async fn start(&self) {
        let mut running = self.running.lock().await;
        assert!(running.is_none(), "{:?} run already", self.services);
        let runtime =
            Builder::new_multi_thread().worker_threads(self.threads.into()).enable_all().build().expect("a runtime");
        let (settings, grpc) = (self.settings(), self.grpc.clone());
        let web = self.services.contains(&Service::CustomerConsent).then(|| self.web.clone());
        let starting = async move {
            let listeners = Listeners { grpc: grpc.listen(), web: web.map(|port| port.listen()), admin: None };
            System::start(settings, listeners).await
        };
        let system = runtime.spawn(starting).await.expect("no panic").expect("the system starts");
        *running = Some(Running { system, runtime });
    }

    /// Ends it in order, as SIGTERM does.
    pub async fn stop(&self) {
        if let Some(Running { system, runtime }) = self.running.lock().await.take() {
            runtime.spawn(system.stop()).await.expect("no panic");
            end(runtime).await;
        }
    }

    /// Drops it in the middle of whatever it does, and waits until nothing of it is left, as `kill -9` and `wait` do.
    pub async fn kill(&self) {
        if let Some(Running { system, runtime }) = self.running.lock().await.take() {
            system.kill();
            end(runtime).await;
        }
    }

    fn settings(&self) -> Settings {
        Settings {
            config: self.config.clone(),
            services: self.services.clone(),
            clock: ClockChoice::Virtual { start: START.parse().expect("a time") },
            keys: Keys::new(crate::world::ISSUER, &self.issuer.jwks(), &self.signer.jwks()).expect("two key sets"),
            signer: self.signer.clone(),
            entropy: Arc::new(SystemEntropy),
            real_clock: Arc::new(SystemClock),
        }
    }
}

/// Drops every task. Waits for those that are being polled at this very moment, and for blocking work.
async fn end(runtime: Runtime) {
    let ended = tokio::task::spawn_blocking(move || runtime.shutdown_timeout(Duration::from_secs(10)));
    ended.await.expect("the runtime ends");
}
