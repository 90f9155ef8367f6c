//! A service that a process has built and can serve.
use std::sync::Arc;

use cpor_types::Service;

use crate::{EventReceiver, Host};

/// A service that has been built and is ready to be served by its process.
pub struct HostedService {
    /// The service's name.
    pub service: Service,
    /// The full names of the service's gRPC services, for example `cpor.claims.v1.ClaimService`.
    pub grpc_services: Vec<&'static str>,
    /// The routes of those gRPC services and of nothing else.
    pub routes: tonic::service::Routes,
    /// The service's background tasks. The process starts them with [`Host::start`].
    pub host: Host,
    /// Applies the events that other services send to this one.
    pub receiver: Arc<dyn EventReceiver>,
    /// The service's public web page, if it has one.
    pub web: Option<axum::Router>,
}
