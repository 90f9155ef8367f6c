//! Keys for verification that are kept fresh, as in a running process.

use std::{path::Path, sync::Arc, time::Duration};

use cpor_auth::{AuthConfig, Caller, IssuerConfig, ServiceSigner, TokenError, VerificationKeys};
use cpor_process::{
    Metrics,
    lifecycle::{Shutdown, Tasks},
};
use cpor_testing::TestIssuer;
use cpor_types::{Clock as _, Service, SystemClock, SystemEntropy};

/// The keys of a process, with the tasks that keep them fresh.
pub(crate) struct Verifier {
    pub(crate) keys: Arc<VerificationKeys>,
    pub(crate) metrics: Metrics,
    pub(crate) shutdown: Shutdown,
    _directory: tempfile::TempDir,
}

impl Verifier {
    /// Trusts these issuers.
    pub(crate) fn start(issuers: Vec<IssuerConfig>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let services = directory.path().join("service-jwks.json");
        let registry = ServiceSigner::generate(Service::Registry, Arc::new(SystemClock)).unwrap();
        std::fs::write(&services, registry.jwks()).unwrap();
        let config = AuthConfig { issuers, service_jwks_file: Some(services), ..AuthConfig::default() };
        let keys = Arc::new(VerificationKeys::load(&config).unwrap());
        let (metrics, shutdown) = (Metrics::new(), Shutdown::new(Duration::from_secs(1)));
        let entropy: Arc<dyn cpor_types::Entropy> = Arc::new(SystemEntropy);
        keys.keep_fresh(&Tasks::new(&shutdown, &metrics, entropy.clone()), &metrics, &entropy);
        Self { keys, metrics, shutdown, _directory: directory }
    }

    /// Verifies a token like a request does.
    pub(crate) async fn verify(&self, token: &str) -> Result<Arc<Caller>, TokenError> {
        self.keys.verify(token, &[]).await
    }
}

impl Drop for Verifier {
    fn drop(&mut self) {
        self.shutdown.drain();
    }
}

/// The configuration of an issuer whose keys are found by discovery.
pub(crate) fn discovered(issuer: &TestIssuer, name: Option<&str>) -> IssuerConfig {
    IssuerConfig {
        name: name.map(str::to_owned),
        url: issuer.url.clone(),
        audiences: vec!["cpor".to_owned()],
        ..IssuerConfig::default()
    }
}

/// The configuration of an issuer whose keys are in a file.
pub(crate) fn in_file(issuer: &TestIssuer, file: &Path) -> IssuerConfig {
    IssuerConfig { jwks_file: Some(file.to_owned()), ..discovered(issuer, None) }
}

/// The present time in seconds since 1970.
pub(crate) fn now() -> i64 {
    SystemClock.now().timestamp()
}
