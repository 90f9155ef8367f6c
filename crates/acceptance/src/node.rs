//! One process of a system: started, stopped, killed, and started again on the same data and the same port.

use std::sync::Arc;

use cpor::{
    Config, System,
    system::{ClockChoice, Listeners, Settings},
};
use cpor_kit::auth::{Keys, TokenSigner};
use cpor_types::{Service, SystemClock, SystemEntropy};
use tokio::sync::Mutex;

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
    issuer: TokenSigner,
    signer: TokenSigner,
    system: Mutex<Option<System>>,
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Node").field("services", &self.services).field("grpc", &self.grpc).finish_non_exhaustive()
    }
}

impl Node {
    /// A process that is not running yet. `issuer` signs users' tokens, `signer` those of services.
    pub(crate) fn new(services: Vec<Service>, config: Config, issuer: &TokenSigner, signer: &TokenSigner) -> Self {
        let (grpc, web) = (Port::reserve(), Port::reserve());
        Self { services, grpc, web, config, issuer: issuer.clone(), signer: signer.clone(), system: Mutex::default() }
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
        let mut system = self.system.lock().await;
        assert!(system.is_none(), "{:?} run already", self.services);
        let web = self.services.contains(&Service::CustomerConsent).then(|| self.web.listen());
        let listeners = Listeners { grpc: self.grpc.listen(), web, admin: None };
        *system = Some(System::start(self.settings(), listeners).await.expect("the system starts"));
    }

    /// Ends it in order, as SIGTERM does.
    pub async fn stop(&self) {
        if let Some(system) = self.system.lock().await.take() {
            system.stop().await;
        }
    }

    /// Drops it in the middle of whatever it does.
    pub async fn kill(&self) {
        if let Some(system) = self.system.lock().await.take() {
            system.kill();
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
