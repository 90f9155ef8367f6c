//! Channels to the other services, with a token that says who calls and on whose behalf.
use std::{collections::HashMap, sync::Arc, time::Duration};

use cpor_types::{Actor, Service};
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::{Certificate, Channel, ClientTlsConfig, Endpoint},
};

use crate::{auth::TokenSigner, config::PeersConfig, server, status, telemetry};

/// How long a call waits when it is made on nobody's clock: by a background task.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
/// What is kept of the caller's own time for what comes after the call.
const MARGIN: Duration = Duration::from_millis(20);
/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Whether the peer is still there is asked this often, and waited for this long.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(20), Duration::from_secs(10));

/// A channel for a generated client: `RegistryServiceClient::new(channel)`. Cheap to make, for each call anew.
pub type PeerChannel = InterceptedService<Channel, Introduce>;

/// A peer that cannot be called.
#[derive(Debug, thiserror::Error)]
pub enum PeerError {
    /// Its address is not configured.
    #[error("peers.{0} is not set")]
    NotSet(&'static str),
    /// Its address is none, or TLS does not fit.
    #[error("peers.{peer}: {source}")]
    Address {
        /// The peer.
        peer: &'static str,
        /// Why.
        source: tonic::transport::Error,
    },
    /// The authorities cannot be read.
    #[error("cannot read {path}: {source}", path = .path.display())]
    File {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl From<PeerError> for Status {
    /// A defect of configuration is nothing that a caller can help.
    fn from(error: PeerError) -> Self {
        status::internal(&error)
    }
}

/// The other services, as one service sees them. Clones share the connections, which are made when they are needed.
#[derive(Clone, Debug)]
pub struct Peers {
    from: Service,
    channels: Arc<HashMap<Service, Channel>>,
    signer: TokenSigner,
}

impl Peers {
    /// The configured peers of `from`. Must be called within a Tokio runtime. Nothing is connected yet: a service
    /// starts and becomes ready with its peers down.
    ///
    /// # Errors
    /// An address that is none, or a file of authorities that cannot be read.
    pub fn new(from: Service, config: &PeersConfig, signer: TokenSigner) -> Result<Self, PeerError> {
        let authorities = match &config.ca_file {
            Some(path) => Some(std::fs::read(path).map_err(|source| PeerError::File { path: path.clone(), source })?),
            None => None,
        };
        let mut channels = HashMap::new();
        for service in Service::ALL.iter().copied() {
            if let Some(address) = address(config, service) {
                let connected = connect(address, authorities.as_deref());
                let channel = connected.map_err(|source| PeerError::Address { peer: service.as_str(), source })?;
                channels.insert(service, channel);
            }
        }
        Ok(Self { from, channels: Arc::new(channels), signer })
    }

    /// What the service introduces itself with; it signs receipts too.
    #[must_use]
    pub fn signer(&self) -> &TokenSigner {
        &self.signer
    }

    /// A channel to `to`, on behalf of `actor`.
    ///
    /// # Errors
    /// The peer has no address.
    pub fn channel(&self, to: Service, actor: &Actor) -> Result<PeerChannel, PeerError> {
        self.introduced(to, Some(actor.clone()))
    }

    /// A channel to `to`, on behalf of nobody but the service itself.
    ///
    /// # Errors
    /// The peer has no address.
    pub fn channel_as_service(&self, to: Service) -> Result<PeerChannel, PeerError> {
        self.introduced(to, None)
    }

    fn introduced(&self, to: Service, actor: Option<Actor>) -> Result<PeerChannel, PeerError> {
        let channel = self.channels.get(&to).cloned().ok_or(PeerError::NotSet(to.as_str()))?;
        let introduce = Introduce { from: self.from, to, actor, signer: self.signer.clone() };
        Ok(InterceptedService::new(channel, introduce))
    }
}

fn address(config: &PeersConfig, service: Service) -> Option<&str> {
    match service {
        Service::ClaimIntake => config.claim_intake.as_deref(),
        Service::PoeReview => config.poe_review.as_deref(),
        Service::CustomerConsent => config.customer_consent.as_deref(),
        Service::Eligibility => config.eligibility.as_deref(),
        Service::Registry => config.registry.as_deref(),
    }
}

fn connect(address: &str, authorities: Option<&[u8]>) -> Result<Channel, tonic::transport::Error> {
    let endpoint = Endpoint::from_shared(address.to_owned())?
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(KEEPALIVE.0)
        .keep_alive_timeout(KEEPALIVE.1);
    let endpoint = match authorities {
        Some(pem) if address.starts_with("https://") => {
            server::install_crypto();
            endpoint.tls_config(ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem)))?
        }
        Some(_) | None => endpoint,
    };
    Ok(endpoint.connect_lazy())
}

/// Puts on every call who calls, in which trace, and how long the answer is waited for.
#[derive(Clone, Debug)]
pub struct Introduce {
    from: Service,
    to: Service,
    actor: Option<Actor>,
    signer: TokenSigner,
}

impl Interceptor for Introduce {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let token = self.signer.service_token(self.from, self.to, self.actor.as_ref());
        let token = token.map_err(|error| status::internal(&error))?;
        let metadata = request.metadata_mut();
        metadata.insert("authorization", text(&format!("Bearer {token}"))?);
        if let Some(id) = server::current_request_id() {
            metadata.insert(server::REQUEST_ID, text(&id)?);
        }
        let trace = telemetry::traceparent();
        if !trace.is_empty() {
            metadata.insert("traceparent", text(&trace)?);
        }
        if !metadata.contains_key("grpc-timeout") {
            let left = server::remaining().map_or(DEFAULT_TIMEOUT, |left| left.saturating_sub(MARGIN));
            request.set_timeout(left);
        }
        Ok(request)
    }
}

fn text(value: &str) -> Result<MetadataValue<Ascii>, Status> {
    value.parse().map_err(|_| status::internal("a header value is no text"))
}
