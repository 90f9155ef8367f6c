use std::net::{Ipv4Addr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::Faults;

/// The three listeners.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ListenConfig {
    /// gRPC, for callers and for the other services.
    pub grpc: SocketAddr,
    /// The public consent page.
    pub web: SocketAddr,
    /// Liveness, readiness and metrics; for operators only.
    pub admin: SocketAddr,
}

impl Default for ListenConfig {
    fn default() -> Self {
        let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Self { grpc: local(50051), web: local(8080), admin: local(9090) }
    }
}

impl ListenConfig {
    /// Two listeners cannot share an address (port 0 means any free port).
    pub fn validate(&self, faults: &mut Faults) {
        let clash = |left: SocketAddr, right: SocketAddr| left == right && left.port() != 0;
        faults.require(!clash(self.grpc, self.web), "web", "is the same address as listen.grpc");
        faults.require(!clash(self.grpc, self.admin), "admin", "is the same address as listen.grpc");
        faults.require(!clash(self.web, self.admin), "admin", "is the same address as listen.web");
    }
}
