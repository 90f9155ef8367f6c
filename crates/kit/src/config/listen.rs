use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use serde::{Deserialize, Serialize};

use super::{Faults, fault::readable};

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

/// TLS of the gRPC listener. Both files, or neither for plain text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsConfig {
    /// PEM, the server's certificate first, then the chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_file: Option<PathBuf>,
    /// PEM, the certificate's private key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_file: Option<PathBuf>,
}

impl TlsConfig {
    /// Both files are named and there, or neither is named.
    pub fn validate(&self, faults: &mut Faults) {
        if self.certificate_file.is_some() != self.key_file.is_some() {
            faults.add("certificate_file", "needs key_file beside it, and key_file needs certificate_file");
        }
        readable(faults, "certificate_file", self.certificate_file.as_ref());
        readable(faults, "key_file", self.key_file.as_ref());
    }

    /// Whether TLS is on.
    #[must_use]
    pub fn enabled(&self) -> bool {
        self.certificate_file.is_some() && self.key_file.is_some()
    }
}
