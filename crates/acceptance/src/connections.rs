//! The connections to the processes of the system under test.

use std::{
    net::IpAddr,
    sync::{PoisonError, RwLock},
};

use cpor_types::Service;
use tonic::transport::{Channel, Endpoint};

/// The connections to the processes of a system. After a restart of a process its connection is
/// replaced, so that no call uses the broken connection.
#[derive(Debug, Default)]
pub struct Connections {
    processes: RwLock<Vec<Process>>,
    /// The address from which the connections are made, or `None` for any.
    local_address: Option<IpAddr>,
}

/// The connection to one process, and the services that it hosts.
#[derive(Debug)]
struct Process {
    services: Vec<Service>,
    channel: Channel,
}

impl Connections {
    /// Makes no connections yet. `local_address` is the address of the client.
    pub(crate) fn from_address(local_address: Option<IpAddr>) -> Self {
        Self { local_address, ..Self::default() }
    }

    /// Adds the connection to a process, or replaces it.
    pub(crate) fn connect(&self, process: usize, services: &[Service], url: &str) {
        let endpoint = Endpoint::from_shared(url.to_owned()).expect("a URL").local_address(self.local_address);
        let channel = endpoint.connect_lazy();
        let mut processes = self.processes.write().unwrap_or_else(PoisonError::into_inner);
        let connected = Process { services: services.to_vec(), channel };
        match processes.get_mut(process) {
            Some(current) => *current = connected,
            None => processes.push(connected),
        }
    }

    /// Returns the connection to the process that hosts a service. If several processes host it,
    /// `replica` is the index of the process; an index beyond the last means the last.
    #[must_use]
    pub fn channel(&self, service: Service, replica: usize) -> Channel {
        let processes = self.processes.read().unwrap_or_else(PoisonError::into_inner);
        let mut hosts: Vec<_> = processes.iter().filter(|process| process.services.contains(&service)).collect();
        hosts.truncate(replica + 1);
        hosts.pop().expect("a process that hosts the service").channel.clone()
    }
}
