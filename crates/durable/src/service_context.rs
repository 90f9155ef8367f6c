//! The interface between a process and the services that it hosts: what the process hands to a
//! service when it builds the service, and what it gets back.
use std::{path::PathBuf, sync::Arc};

use cpor_kit::{Db, Metrics, Peers};
use cpor_types::{Calendars, Clock, Entropy, PolicyProfiles, Service};

use crate::{BusinessClock, EventReceiver, Host};

/// The resources that a process hands to each service it hosts.
#[derive(Clone)]
pub struct ServiceContext {
    /// The service's own database. Its migrations have run.
    pub db: Db,
    /// The clock that decides commands and deadlines. It can be virtual.
    pub business_clock: BusinessClock,
    /// Real time, for leases, back-off and the expiry of tokens.
    pub clock: Arc<dyn Clock>,
    /// The source of ids, secrets and jitter.
    pub entropy: Arc<dyn Entropy>,
    /// gRPC channels to the other services.
    pub peers: Peers,
    /// The registry in which the service registers its metrics.
    pub metrics: Metrics,
    /// The policy profiles of the installation and the dates from which they are in force (R61).
    pub policies: PolicyProfiles,
    /// The holiday calendars of the installation, by which business days are counted (R46).
    pub calendars: Calendars,
    /// The directory of embedded storage: evidence, and mails that are written to files.
    pub data_dir: Option<PathBuf>,
}

/// A service that has been built and is ready to be served by its process.
pub struct HostedService {
    /// The service's name.
    pub service: Service,
    /// The full names of the service's gRPC services, for example `cpor.claims.v1.ClaimService`.
    pub grpc_services: Vec<&'static str>,
    /// The routes of those gRPC services and of nothing else.
    pub routes: tonic::service::Routes,
    /// The service's background tasks. The process starts them with [`Host::start`].
    pub host: Host,
    /// Applies the events that other services send to this one.
    pub receiver: Arc<dyn EventReceiver>,
    /// The service's public web page, if it has one.
    pub web: Option<axum::Router>,
}
