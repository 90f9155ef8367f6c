//! The keys of a test system.

use std::sync::Arc;

use cpor_auth::{ReceiptSigner, ServiceSigner, ServiceSigners, TokenSigner, VerificationKeys};
use cpor_rpc::server::install_crypto_provider;
use cpor_types::{Clock, Service, SystemClock};

/// The issuer of the users' tokens.
const ISSUER: &str = "cpor";

/// The private keys of all parties: the users' issuer, each service, and the receipts.
#[derive(Clone, Debug)]
pub struct TestKeys {
    /// Signs the users' tokens.
    pub users: TokenSigner,
    /// Sign the services' tokens.
    pub services: ServiceSigners,
    /// Signs receipts.
    pub receipts: ReceiptSigner,
}

impl TestKeys {
    /// Generates new keys.
    ///
    /// # Panics
    /// Panics if there is no randomness.
    #[must_use]
    pub fn generate() -> Self {
        install_crypto_provider();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        Self {
            services: ServiceSigners::generate(&clock).expect("five keys"),
            users: TokenSigner::generate(ISSUER, clock).expect("a key"),
            receipts: ReceiptSigner::generate().expect("a key"),
        }
    }

    /// Returns the signer of a service's tokens.
    ///
    /// # Panics
    /// Never panics: each service has a key.
    #[must_use]
    pub fn service(&self, service: Service) -> ServiceSigner {
        self.services.get(service).expect("a key for each service").clone()
    }

    /// Returns the public keys with which a server verifies tokens.
    ///
    /// # Panics
    /// Never panics: the keys are valid.
    #[must_use]
    pub fn verification(&self) -> VerificationKeys {
        VerificationKeys::new(ISSUER, &self.users.jwks(), &self.services.jwks()).expect("two key sets")
    }
}
