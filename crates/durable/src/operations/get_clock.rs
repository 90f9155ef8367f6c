//! `GetClock`: the business clock of the hosted services, by which deadlines are decided.
use cpor_proto::operations::v1 as wire;
use cpor_proto::wire_time::to_wire_time;
use cpor_types::Timestamp;
use tonic::Status;

use super::{OperationsServer, internal};

impl OperationsServer {
    /// Returns the time and the kind of the business clock. The gRPC method calls this once the
    /// caller is known; tests call it directly.
    ///
    /// # Errors
    /// Returns INTERNAL if a database fails.
    pub async fn handle_get_clock(&self) -> Result<wire::BusinessClock, Status> {
        Ok(self.clock_message(&self.read_clocks().await?))
    }

    /// Creates the protobuf message for the hosts' clocks. The time is that of the latest clock,
    /// because virtual clocks differ while they are being moved.
    pub(super) fn clock_message(&self, clocks: &[Timestamp]) -> wire::BusinessClock {
        let is_virtual = self.hosts.iter().any(|host| host.clock().is_virtual());
        wire::BusinessClock { time: clocks.iter().max().copied().map(to_wire_time), is_virtual }
    }

    /// Reads the clock of each host, in the order of the hosts.
    pub(super) async fn read_clocks(&self) -> Result<Vec<Timestamp>, Status> {
        let mut clocks = Vec::with_capacity(self.hosts.len());
        for host in self.hosts.iter() {
            clocks.push(host.now().await.map_err(internal)?);
        }
        Ok(clocks)
    }
}
