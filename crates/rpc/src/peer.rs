//! gRPC channels to the other services, the *peers* of the calling one. Every call is sent with a
//! token that names the calling service and the actor on whose behalf it calls.
use std::{collections::HashMap, net::SocketAddr, sync::Arc, time::Duration};

use cpor_types::{Actor, Service};
use http::uri::{Scheme, Uri};
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::{Channel, Endpoint},
};

use crate::{
    balance::{self, Endpoints},
    config::PeersConfig,
    server,
    tls::{PeerTls, TlsError},
    unsent::ResendingChannel,
};
use cpor_auth::ServiceSigner;
use cpor_call::{context, status};
use cpor_process::telemetry;

/// The timeout of calls that are not made for a request, for example those of a background task.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
/// The part of the remaining time of the incoming request that is reserved for the work after the
/// call.
const MARGIN: Duration = Duration::from_millis(20);
/// The maximum time for establishing a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// The interval of the pings that check whether a peer is still connected.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(20);
/// The time within which a peer must respond to a ping.
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);

/// A channel for a generated client, for example `RegistryServiceClient::new(channel)`. Creating
/// one is cheap, so a new one can be created for each call.
pub type PeerChannel = InterceptedService<ResendingChannel, PeerInterceptor>;

/// The reason why a peer cannot be called.
#[derive(Debug, thiserror::Error)]
pub enum PeerError {
    /// The address of the peer is not configured.
    #[error("peers.{0} is not set")]
    NotSet(&'static str),
    /// The address is not a URL, or the TLS configuration is invalid.
    #[error("peers.{peer}: {source}")]
    Address {
        /// The name of the peer.
        peer: &'static str,
        /// The reason why the address cannot be used.
        source: tonic::transport::Error,
    },
    /// The TLS files of the section `peers` cannot be used.
    #[error("peers: {0}")]
    Tls(#[from] TlsError),
}

impl From<PeerError> for Status {
    /// Returns INTERNAL, because a client cannot correct an invalid configuration.
    fn from(error: PeerError) -> Self {
        status::internal(&error)
    }
}

/// The other services that one service can call. Clones share the connections, which are
/// established when they are needed.
#[derive(Clone, Debug)]
pub struct Peers {
    channels: Arc<HashMap<Service, Channel>>,
    signer: ServiceSigner,
}

impl Peers {
    /// Creates the channels of the signer's service to its configured peers. Must be called within
    /// a Tokio runtime. Connections are not established yet, so a service becomes ready even if its
    /// peers are down.
    ///
    /// # Errors
    /// Returns an error if an address is invalid or a TLS file cannot be used.
    pub fn new(config: &PeersConfig, signer: ServiceSigner) -> Result<Self, PeerError> {
        let tls = PeerTls::open(config)?.map(Arc::new);
        let mut channels = HashMap::new();
        for service in Service::ALL.iter().copied() {
            if let Some(address) = address(config, service) {
                let channel = connect(address, tls.clone())
                    .map_err(|source| PeerError::Address { peer: service.as_str(), source })?;
                channels.insert(service, channel);
            }
        }
        Ok(Self { channels: Arc::new(channels), signer })
    }

    /// Returns a channel for calls to `peer` on behalf of `actor`.
    ///
    /// # Errors
    /// Returns an error if the address of the peer is not configured.
    pub fn channel(&self, peer: Service, actor: &Actor) -> Result<PeerChannel, PeerError> {
        self.intercepted_channel(peer, Some(actor.clone()))
    }

    /// Returns a channel for calls to `peer` on behalf of the calling service itself.
    ///
    /// # Errors
    /// Returns an error if the address of the peer is not configured.
    pub fn channel_as_service(&self, peer: Service) -> Result<PeerChannel, PeerError> {
        self.intercepted_channel(peer, None)
    }

    fn intercepted_channel(&self, peer: Service, actor: Option<Actor>) -> Result<PeerChannel, PeerError> {
        let channel = self.channels.get(&peer).cloned().ok_or(PeerError::NotSet(peer.as_str()))?;
        let signer = self.signer.clone();
        let interceptor = PeerInterceptor { peer, actor, signer };
        Ok(InterceptedService::new(ResendingChannel::new(channel), interceptor))
    }
}

/// Returns the configured address of a service.
fn address(config: &PeersConfig, service: Service) -> Option<&str> {
    match service {
        Service::ClaimIntake => config.claim_intake.as_deref(),
        Service::PoeReview => config.poe_review.as_deref(),
        Service::CustomerConsent => config.customer_consent.as_deref(),
        Service::Eligibility => config.eligibility.as_deref(),
        Service::Registry => config.registry.as_deref(),
    }
}

/// Creates a channel to all replicas of a peer, which connects when it is needed. `addresses` are
/// URLs, separated by commas; the certificate is verified by the host of the first. `tls` is needed
/// for an `https` peer. Must be called within a Tokio runtime.
///
/// # Errors
/// Returns an error if an address is not a URL, or the TLS configuration is invalid.
pub fn connect(addresses: &str, tls: Option<Arc<PeerTls>>) -> Result<Channel, tonic::transport::Error> {
    let urls = addresses.split(',').map(|url| Ok(Endpoint::from_shared(url.trim().to_owned())?.uri().clone()));
    let urls = urls.collect::<Result<Vec<_>, tonic::transport::Error>>()?;
    let hosts = urls.iter().map(|url| (host_of(url).to_owned(), port_of(url))).collect();
    let endpoints = PeerEndpoints { url: urls.into_iter().next().unwrap_or_default(), tls };
    endpoints.endpoint(None)?;
    Ok(balance::channel(hosts, endpoints))
}

/// The endpoints of a peer.
#[derive(Clone)]
struct PeerEndpoints {
    /// The first configured URL of the peer, by whose host the certificate is verified.
    url: Uri,
    tls: Option<Arc<PeerTls>>,
}

impl Endpoints for PeerEndpoints {
    fn endpoint(&self, address: Option<SocketAddr>) -> Result<Endpoint, tonic::transport::Error> {
        let is_tls = is_tls(&self.url);
        let scheme = if is_tls { "https" } else { "http" };
        let endpoint = match address {
            Some(address) => Endpoint::from_shared(format!("{scheme}://{address}"))?,
            None => Endpoint::from(self.url.clone()),
        };
        let endpoint = endpoint
            .origin(self.url.clone())
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(KEEPALIVE_INTERVAL)
            .keep_alive_timeout(KEEPALIVE_TIMEOUT);
        match &self.tls {
            Some(tls) if is_tls => {
                server::install_crypto_provider();
                endpoint.tls_config(tls.client_config().domain_name(host_of(&self.url)))
            }
            Some(_) | None => Ok(endpoint),
        }
    }

    fn version(&self) -> u64 {
        self.tls.as_ref().map_or(0, |tls| tls.version())
    }
}

fn is_tls(url: &Uri) -> bool {
    url.scheme() == Some(&Scheme::HTTPS)
}

fn port_of(url: &Uri) -> u16 {
    url.port_u16().unwrap_or(if is_tls(url) { 443 } else { 80 })
}

/// Returns the host of a URL, an IPv6 address without its brackets.
fn host_of(url: &Uri) -> &str {
    url.host().unwrap_or_default().trim_matches(['[', ']'])
}

/// Adds the token, the request id, the trace and the timeout to every outgoing call.
#[derive(Clone, Debug)]
pub struct PeerInterceptor {
    peer: Service,
    /// The actor on whose behalf the service calls, or `None` if it calls on its own behalf.
    actor: Option<Actor>,
    signer: ServiceSigner,
}

impl Interceptor for PeerInterceptor {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let token = self.signer.token(self.peer, self.actor.as_ref());
        let token = token.map_err(|error| status::internal(&error))?;
        let metadata = request.metadata_mut();
        metadata.insert("authorization", header_value(&format!("Bearer {token}"))?);
        if let Some(id) = context::current_request_id() {
            metadata.insert(server::REQUEST_ID, header_value(&id)?);
        }
        // The W3C trace context, by which the spans of the peer become part of the caller's trace.
        let traceparent = telemetry::traceparent();
        if !traceparent.is_empty() {
            metadata.insert("traceparent", header_value(&traceparent)?);
        }
        if !metadata.contains_key("grpc-timeout") {
            let remaining = context::remaining_time();
            request.set_timeout(remaining.map_or(DEFAULT_TIMEOUT, |remaining| remaining.saturating_sub(MARGIN)));
        }
        Ok(request)
    }
}

fn header_value(value: &str) -> Result<MetadataValue<Ascii>, Status> {
    value.parse().map_err(|_| status::internal("a header value is not printable ASCII"))
}
