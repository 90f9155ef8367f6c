//! How calls reach the processes of a system.

use std::sync::{PoisonError, RwLock};

use cpor_types::Service;
use tonic::transport::{Channel, Endpoint};

/// The connections to a system's processes. A process that was restarted gets a new one, so that no test meets the broken old one.
#[derive(Debug, Default)]
pub struct Wire {
    processes: RwLock<Vec<Process>>,
}

#[derive(Debug)]
struct Process {
    services: Vec<Service>,
    channel: Channel,
}

impl Wire {
    /// Takes up a process, or a new connection to one that was known.
    pub(crate) fn connect(&self, process: usize, services: &[Service], url: &str) {
        let channel = Endpoint::from_shared(url.to_owned()).expect("a URL").connect_lazy();
        let mut processes = self.processes.write().unwrap_or_else(PoisonError::into_inner);
        let connected = Process { services: services.to_vec(), channel };
        match processes.get_mut(process) {
            Some(known) => *known = connected,
            None => processes.push(connected),
        }
    }

    /// The connection to the process that hosts a service; where several do, to the `replica`th of them, or the last.
    #[must_use]
    pub fn channel(&self, service: Service, replica: usize) -> Channel {
        let processes = self.processes.read().unwrap_or_else(PoisonError::into_inner);
        let mut hosts: Vec<_> = processes.iter().filter(|process| process.services.contains(&service)).collect();
        hosts.truncate(replica + 1);
        hosts.pop().expect("a process that hosts the service").channel.clone()
    }
}
