//! The components with which tests build a service: a virtual clock, ids from a seed, and new
//! metrics.

use std::sync::Arc;

use cpor_database::Db;
use cpor_durable::{BusinessClock, EventTransport, HostParts, ServiceContext};
use cpor_process::Metrics;
use cpor_rpc::{Peers, config::PeersConfig};
use cpor_types::{Calendars, PolicyProfiles, SeededEntropy, Service, VirtualClock};

use crate::TestKeys;

/// Returns the parts of a host with a virtual business clock. `clock` is its real time, and the
/// start of its business time. Two hosts of one database need different seeds.
#[must_use]
pub fn host_parts(db: Db, clock: &VirtualClock, seed: u64, event_transport: Arc<dyn EventTransport>) -> HostParts {
    HostParts {
        db,
        business_clock: BusinessClock::Virtual,
        clock: Arc::new(clock.clone()),
        entropy: Arc::new(SeededEntropy::new(seed)),
        metrics: Metrics::new(),
        event_transport,
    }
}

/// Returns the context in which a service is built, with a virtual business clock and no address of
/// another service. `clock` is its real time, and the start of its business time.
///
/// # Panics
/// Panics if the shipped policies or calendars are invalid.
#[must_use]
pub fn service_context(service: Service, db: Db, clock: &VirtualClock, seed: u64, keys: &TestKeys) -> ServiceContext {
    ServiceContext {
        db,
        business_clock: BusinessClock::Virtual,
        clock: Arc::new(clock.clone()),
        entropy: Arc::new(SeededEntropy::new(seed)),
        peers: Peers::new(&PeersConfig::default(), keys.service(service)).expect("no peers"),
        receipt_signer: Some(keys.receipts.clone()),
        metrics: Metrics::new(),
        policies: PolicyProfiles::shipped().expect("the shipped policies"),
        calendars: Calendars::shipped().expect("the shipped calendars"),
        data_dir: None,
    }
}
