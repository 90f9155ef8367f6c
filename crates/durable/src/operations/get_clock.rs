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
        let time = self.time().await?;
        let is_virtual = self.hosts.iter().any(|host| host.clock().is_virtual());
        Ok(wire::BusinessClock { time: time.map(crate::wire::timestamp), r#virtual: is_virtual })
    }

    /// The latest of the hosts' clocks: virtual ones differ while they are moved; `None` without hosts.
    pub(super) async fn time(&self) -> Result<Option<Timestamp>, Status> {
        let mut latest = None;
        for host in self.hosts.iter() {
            latest = latest.max(Some(host.now().await.map_err(internal)?));
        }
        Ok(latest)
    }
}
