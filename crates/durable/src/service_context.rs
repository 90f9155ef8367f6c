//! The resources that a process hands to a service when it builds the service.
use std::{path::PathBuf, sync::Arc};

use cpor_auth::ReceiptSigner;
use cpor_database::Db;
use cpor_process::Metrics;
use cpor_rpc::Peers;
use cpor_types::{Calendars, Clock, Entropy, PolicyProfiles};

use crate::BusinessClock;

/// The resources that a process hands to each service it hosts.
#[derive(Clone)]
pub struct ServiceContext {
    /// The service's own database. Its migrations have run.
    pub db: Db,
    /// The clock by which commands and deadlines are decided. It can be virtual (moved by an
    /// operator).
    pub business_clock: BusinessClock,
    /// The machine's clock, for leases of event streams, back-off and the expiry of tokens.
    pub clock: Arc<dyn Clock>,
    /// The source of ids, secrets and jitter.
    pub entropy: Arc<dyn Entropy>,
    /// gRPC channels to the other services.
    pub peers: Peers,
    /// Signs receipts (proofs of the history of a claim), if the process has their key. Only
    /// claim-intake needs it.
    pub receipt_signer: Option<ReceiptSigner>,
    /// The registry in which the service registers its metrics.
    pub metrics: Metrics,
    /// The policy profiles (named sets of the values that the rules leave to policy) and the dates
    /// from which they are in force (R61).
    pub policies: PolicyProfiles,
    /// The holiday calendars of the installation, by which business days are counted (R46).
    pub calendars: Calendars,
    /// The folder for evidence documents and for mails that are written to files.
    pub data_dir: Option<PathBuf>,
}
