use cpor_proto::operations::v1 as wire;
use cpor_types::Timestamp;
use tonic::Status;

use super::{OperationsServer, internal};

impl OperationsServer {
    /// The business clock. What the gRPC method does once the caller is known; also for tests.
    ///
    /// # Errors
    /// INTERNAL when a database fails.
    pub async fn clock(&self) -> Result<wire::BusinessClock, Status> {
        Ok(self.shown(&self.clocks().await?))
    }

    /// What operators are shown of these clocks.
    pub(super) fn shown(&self, clocks: &[Timestamp]) -> wire::BusinessClock {
        let is_virtual = self.hosts.iter().any(|host| host.clock().is_virtual());
        // The latest: virtual ones differ while they are moved.
        wire::BusinessClock { time: clocks.iter().max().copied().map(crate::wire::timestamp), r#virtual: is_virtual }
    }

    /// Each host's clock, in the order of the hosts.
    pub(super) async fn clocks(&self) -> Result<Vec<Timestamp>, Status> {
        let mut clocks = Vec::with_capacity(self.hosts.len());
        for host in self.hosts.iter() {
            clocks.push(host.now().await.map_err(internal)?);
        }
        Ok(clocks)
    }
}
