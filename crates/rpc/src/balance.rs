//! Channels that spread their calls over all replicas of a service.
//!
//! A host name can stand for several addresses, for example that of a headless Service in
//! Kubernetes. A channel has a connection to each replica that is serving, and spreads its calls
//! over them. The addresses are looked up and the replicas are asked for their health all the time,
//! so new replicas get their share of the calls, and replicas that are about to end get none. While
//! no replica is serving, a channel that knows none uses the host name itself, so that calls fail
//! with the reason instead of waiting.
use std::{
    collections::{BTreeSet, HashMap},
    future::Future,
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::future::join_all;
use tokio::{
    net::lookup_host,
    sync::mpsc::Sender,
    time::{MissedTickBehavior, timeout},
};
use tonic::{
    Code,
    transport::{Channel, Endpoint, channel::Change},
};
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};

/// The interval of the look-ups.
const LOOKUP_INTERVAL: Duration = Duration::from_secs(3);
/// The time limit for a look-up.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(5);
/// The time limit for the look-up of one host name, so that a slow name does not hide the addresses
/// of the others.
const NAME_TIMEOUT: Duration = Duration::from_secs(2);
/// The time limit for a question about the health of a replica. It is short, because the first
/// calls wait for the answers.
const HEALTH_TIMEOUT: Duration = Duration::from_millis(500);
/// The number of changes of addresses that can wait for the channel.
const PENDING_CHANGES: usize = 64;

/// A placeholder for the address of a host whose replicas are not known. It stands for the host
/// name itself.
const WHOLE_HOST: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

/// Makes the endpoints of a peer (another service).
pub(crate) trait Endpoints: Clone + Send + Sync + 'static {
    /// Returns the endpoint of the replica at this address, or of the host name if it is `None`.
    fn endpoint(&self, address: Option<SocketAddr>) -> Result<Endpoint, tonic::transport::Error>;

    /// Returns a number that is another one when the endpoints have changed, for example because
    /// there is a new client certificate.
    fn version(&self) -> u64;
}

/// Creates a channel to all serving replicas at these hosts, each with its port. Must be called
/// within a Tokio runtime.
pub(crate) fn channel(hosts: Vec<(String, u16)>, endpoints: impl Endpoints) -> Channel {
    let replicas = Arc::new(Replicas { hosts, endpoints: endpoints.clone(), channels: Mutex::default() });
    channel_to_lookup_results(move || Arc::clone(&replicas).serving(), LOOKUP_INTERVAL, endpoints)
}

/// Creates a channel to the addresses that `look_up` returns. It is called again after each
/// `interval`. Changed endpoints take the place of those before; running calls go on.
fn channel_to_lookup_results<L, F>(look_up: L, interval: Duration, endpoints: impl Endpoints) -> Channel
where
    L: Fn() -> F + Send + 'static,
    F: Future<Output = io::Result<BTreeSet<SocketAddr>>> + Send,
{
    let (channel, changes) = Channel::balance_channel(PENDING_CHANGES);
    tokio::spawn(async move {
        let (mut known, mut version) = (BTreeSet::new(), endpoints.version());
        let mut lookups = tokio::time::interval(interval);
        lookups.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The changes are closed when the last clone of the channel is dropped.
        while !changes.is_closed() {
            tokio::select! {
                _ = lookups.tick() => {}
                () = changes.closed() => return,
            }
            // An empty set means that no serving replica was found.
            let found = match timeout(LOOKUP_TIMEOUT, look_up()).await {
                Ok(Ok(found)) => found,
                Ok(Err(error)) => {
                    tracing::debug!(%error, "a peer cannot be looked up");
                    BTreeSet::new()
                }
                Err(_) => {
                    tracing::debug!("a peer is not looked up in time");
                    BTreeSet::new()
                }
            };
            let found = match (found.is_empty(), known.is_empty()) {
                (false, _) => found,
                // The known addresses are kept: the look-up or the network may have failed.
                (true, false) => known.clone(),
                (true, true) => BTreeSet::from([WHOLE_HOST]),
            };
            let present = endpoints.version();
            let unchanged = if present == version { known.clone() } else { BTreeSet::new() };
            let removed = known.difference(&found).copied();
            let added = found.difference(&unchanged).copied();
            send_changes(&changes, removed.collect(), added.collect(), &endpoints).await;
            (known, version) = (found, present);
        }
    });
    channel
}

/// Tells the channel which addresses are new, or have new endpoints, and which are gone.
async fn send_changes(
    changes: &Sender<Change<SocketAddr, Endpoint>>,
    removed: Vec<SocketAddr>,
    added: Vec<SocketAddr>,
    endpoints: &impl Endpoints,
) {
    let insertion = |address: SocketAddr| {
        let endpoint = endpoints.endpoint((address != WHOLE_HOST).then_some(address));
        endpoint.map(|endpoint| Change::Insert(address, endpoint)).map_err(|error| {
            tracing::error!(%error, %address, "a peer cannot be called at this address");
        })
    };
    let added = added.into_iter().filter_map(|address| insertion(address).ok());
    for change in added.chain(removed.into_iter().map(Change::Remove)) {
        if changes.send(change).await.is_err() {
            return;
        }
    }
}

/// The replicas of a peer, with the channels over which they are asked for their health.
struct Replicas<E> {
    hosts: Vec<(String, u16)>,
    endpoints: E,
    /// The channels, each with the version of its endpoint.
    channels: Mutex<HashMap<SocketAddr, (u64, Channel)>>,
}

impl<E: Endpoints> Replicas<E> {
    /// Looks up the addresses of the hosts, and returns those of serving replicas.
    ///
    /// # Errors
    /// Returns an error if no host can be looked up.
    async fn serving(self: Arc<Self>) -> io::Result<BTreeSet<SocketAddr>> {
        let lookups = self.hosts.iter().map(async |(host, port)| {
            let addresses = timeout(NAME_TIMEOUT, lookup_host((host.as_str(), *port))).await??;
            io::Result::Ok(addresses.collect::<Vec<_>>())
        });
        let (mut addresses, mut failure) = (BTreeSet::new(), None);
        for found in join_all(lookups).await {
            match found {
                Ok(found) => addresses.extend(found),
                Err(error) => failure = Some(error),
            }
        }
        if let Some(error) = failure.filter(|_| addresses.is_empty()) {
            return Err(error);
        }
        let checks = self.channels_to(&addresses).into_iter();
        let checks = checks.map(async |(address, channel)| is_serving(channel).await.then_some(address));
        Ok(join_all(checks).await.into_iter().flatten().collect())
    }

    /// Returns the channels to these addresses. Drops those to other addresses, and those whose
    /// endpoints have changed.
    fn channels_to(&self, addresses: &BTreeSet<SocketAddr>) -> Vec<(SocketAddr, Channel)> {
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        let present = self.endpoints.version();
        channels.retain(|address, (version, _)| *version == present && addresses.contains(address));
        for address in addresses {
            if !channels.contains_key(address)
                && let Ok(endpoint) = self.endpoints.endpoint(Some(*address))
            {
                channels.insert(*address, (present, endpoint.connect_lazy()));
            }
        }
        channels.iter().map(|(address, (_, channel))| (*address, channel.clone())).collect()
    }
}

/// Returns whether the replica can be called. A replica that is starting or about to end answers
/// that it is not serving. A replica without a health service counts as serving.
async fn is_serving(channel: Channel) -> bool {
    let mut health = HealthClient::new(channel);
    match timeout(HEALTH_TIMEOUT, health.check(HealthCheckRequest::default())).await {
        Ok(Ok(response)) => response.get_ref().status() != ServingStatus::NotServing,
        Ok(Err(status)) => status.code() != Code::Unavailable,
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use tokio::net::TcpListener;

    use super::*;

    /// Endpoints without TLS, and with a host name at which nothing listens.
    #[derive(Clone)]
    struct PlainEndpoints;

    impl Endpoints for PlainEndpoints {
        fn endpoint(&self, address: Option<SocketAddr>) -> Result<Endpoint, tonic::transport::Error> {
            let address = address.map_or_else(|| "127.0.0.1:1".to_owned(), |address| address.to_string());
            Endpoint::from_shared(format!("http://{address}"))
        }

        fn version(&self) -> u64 {
            0
        }
    }

    /// Starts a health service and counts the requests to it.
    async fn start_replica() -> (SocketAddr, Arc<AtomicUsize>, tokio::task::JoinHandle<()>) {
        start_replica_with(ServingStatus::Serving).await
    }

    /// The same, with this health.
    async fn start_replica_with(status: ServingStatus) -> (SocketAddr, Arc<AtomicUsize>, tokio::task::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, count) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
        let (reporter, health) = tonic_health::server::health_reporter();
        if status == ServingStatus::NotServing {
            reporter.set_service_status("", tonic_health::ServingStatus::NotServing).await;
        }
        let counter = count.clone();
        let router = tonic::service::Routes::new(health).prepare().into_axum_router().layer(axum::middleware::from_fn(
            move |request: axum::extract::Request, next: axum::middleware::Next| {
                counter.fetch_add(1, SeqCst);
                next.run(request)
            },
        ));
        let incoming = tonic::transport::server::TcpIncoming::from(listener);
        let serving = tokio::spawn(async move {
            let routes = tonic::service::Routes::from(router);
            tonic::transport::Server::builder().add_routes(routes).serve_with_incoming(incoming).await.unwrap();
        });
        (address, count, serving)
    }

    /// Calls until the channel has used this replica.
    async fn call_until_used(channel: &Channel, replica: &AtomicUsize) {
        let mut health = HealthClient::new(channel.clone());
        replica.store(0, SeqCst);
        while replica.load(SeqCst) == 0 {
            health.check(HealthCheckRequest::default()).await.unwrap();
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn new_replicas_get_their_share_and_ended_ones_nothing() {
        let (first, first_count, _serving) = start_replica().await;
        let (second, second_count, _also_serving) = start_replica().await;
        let addresses = Arc::new(Mutex::new(BTreeSet::from([first])));
        let (looked_up, lookups) = (addresses.clone(), Arc::new(AtomicUsize::new(0)));
        let counter = lookups.clone();
        let channel = channel_to_lookup_results(
            move || {
                counter.fetch_add(1, SeqCst);
                std::future::ready(Ok(looked_up.lock().unwrap().clone()))
            },
            Duration::from_millis(20),
            PlainEndpoints,
        );
        let mut health = HealthClient::new(channel.clone());
        health.check(HealthCheckRequest::default()).await.unwrap();
        addresses.lock().unwrap().insert(second);
        call_until_used(&channel, &second_count).await;
        first_count.store(0, SeqCst);
        second_count.store(0, SeqCst);
        for _ in 0..200 {
            health.check(HealthCheckRequest::default()).await.unwrap();
        }
        let share = second_count.load(SeqCst);
        assert!((60..=140).contains(&share), "{share} of 200 calls");

        *addresses.lock().unwrap() = BTreeSet::from([second]);
        let before = lookups.load(SeqCst);
        while lookups.load(SeqCst) < before + 2 {
            health.check(HealthCheckRequest::default()).await.unwrap();
        }
        first_count.store(0, SeqCst);
        for _ in 0..20 {
            health.check(HealthCheckRequest::default()).await.unwrap();
        }
        assert_eq!(first_count.load(SeqCst), 0, "the ended replica gets no call");
    }

    #[tokio::test]
    async fn only_serving_replicas_are_used() {
        let (serving, _, _task) = start_replica().await;
        let (leaving, _, _also_task) = start_replica_with(ServingStatus::NotServing).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let ended = listener.local_addr().unwrap();
        drop(listener);
        let replicas = Arc::new(Replicas {
            hosts: [serving, leaving, ended].map(|address| (address.ip().to_string(), address.port())).to_vec(),
            endpoints: PlainEndpoints,
            channels: Mutex::default(),
        });
        for _ in 0..2 {
            assert_eq!(Arc::clone(&replicas).serving().await.unwrap(), BTreeSet::from([serving]));
        }
    }

    #[tokio::test]
    async fn a_call_to_an_unknown_host_fails_and_does_not_wait() {
        let (address, _, _serving) = start_replica().await;
        let addresses = Arc::new(Mutex::new(Err(())));
        let looked_up = addresses.clone();
        let channel = channel_to_lookup_results(
            move || std::future::ready(looked_up.lock().unwrap().clone().map_err(|()| io::ErrorKind::NotFound.into())),
            Duration::from_millis(20),
            PlainEndpoints,
        );
        let mut health = HealthClient::new(channel);
        let refused = health.check(HealthCheckRequest::default()).await.unwrap_err();
        assert_eq!(refused.code(), tonic::Code::Unavailable);
        *addresses.lock().unwrap() = Ok(BTreeSet::from([address]));
        while health.check(HealthCheckRequest::default()).await.is_err() {
            tokio::task::yield_now().await;
        }
    }
}
