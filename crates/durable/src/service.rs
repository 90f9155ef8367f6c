//! How a process and the services it hosts meet.
use std::{path::PathBuf, sync::Arc};

use cpor_kit::{Db, Metrics, Peers};
use cpor_types::{Calendars, Clock, Entropy, PolicyProfiles, Service};

use crate::{BusinessClock, Host, Receiver};

/// What a process gives each service it hosts.
#[derive(Clone)]
pub struct Context {
    /// The service's own database, migrated.
    pub db: Db,
    /// By what commands and deadlines are judged.
    pub business_clock: BusinessClock,
    /// Real time: leases, back-off, token expiry.
    pub clock: Arc<dyn Clock>,
    /// Ids, secrets and jitter.
    pub entropy: Arc<dyn Entropy>,
    /// Channels to the other services.
    pub peers: Peers,
    /// Where metrics go.
    pub metrics: Metrics,
    /// The policy profiles that the installation knows, and which is in force when (R61).
    pub policies: PolicyProfiles,
    /// The calendars that it knows (R46).
    pub calendars: Calendars,
    /// Where embedded storage lies (evidence, mail as files).
    pub data_dir: Option<PathBuf>,
}

/// What a service gives back to its process.
pub struct Hosted {
    /// Which service it is.
    pub service: Service,
    /// Full names of its own gRPC services, for example `cpor.claims.v1.ClaimService`.
    pub grpc: Vec<&'static str>,
    /// Those services, nothing else.
    pub routes: tonic::service::Routes,
    /// Its machinery, to be started by the process.
    pub host: Host,
    /// Takes in events from other services.
    pub receiver: Arc<dyn Receiver>,
    /// Its public page.
    pub web: Option<axum::Router>,
}
