//! The `listen` section of the configuration.
use std::net::{Ipv4Addr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::ValidationErrors;

/// The addresses of the three listeners of a process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ListenConfig {
    /// The address of the gRPC server, for clients and for the other services.
    pub grpc: SocketAddr,
    /// The address of the public web page on which customers decide about claims.
    pub web: SocketAddr,
    /// The address of liveness, readiness and metrics, for operators only.
    pub admin: SocketAddr,
}

impl Default for ListenConfig {
    fn default() -> Self {
        let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Self { grpc: local(50051), web: local(8080), admin: local(9090) }
    }
}

impl ListenConfig {
    /// Checks that the listeners have different addresses. Port 0 means any free port and never
    /// conflicts.
    pub fn validate(&self, errors: &mut ValidationErrors) {
        let is_same = |left: SocketAddr, right: SocketAddr| left == right && left.port() != 0;
        errors.require(!is_same(self.grpc, self.web), "web", "must differ from listen.grpc");
        errors.require(!is_same(self.grpc, self.admin), "admin", "must differ from listen.grpc");
        errors.require(!is_same(self.web, self.admin), "admin", "must differ from listen.web");
    }
}
