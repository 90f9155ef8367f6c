//! A gRPC server for one service.

use std::{sync::Arc, time::Duration};

use cpor_durable::HostedService;
use cpor_process::{
    Metrics,
    lifecycle::{Readiness, Shutdown},
};
use cpor_rpc::{
    config::{Limits, TlsConfig},
    server::{GrpcServices, Server, ServerDependencies},
};
use cpor_types::SystemEntropy;
use tonic::{
    service::interceptor::InterceptedService,
    transport::{Channel, Endpoint},
};

use crate::{AuthorizedChannel, BearerToken, TestKeys};

/// The server of one service on a free port, with the middleware of a real process. It stops with
/// this value.
#[derive(Debug)]
pub struct TestServer {
    url: String,
    channel: Channel,
    shutdown: Shutdown,
}

impl TestServer {
    /// Serves the routes of a service, which are taken from `hosted`.
    ///
    /// # Panics
    /// Panics if the server cannot start.
    pub async fn start(hosted: &mut HostedService, keys: &TestKeys) -> Self {
        let dependencies = ServerDependencies {
            keys: Arc::new(keys.verification()),
            limits: Limits::default(),
            tls: TlsConfig::default(),
            metrics: Metrics::new(),
            readiness: Readiness::new(),
            entropy: Arc::new(SystemEntropy),
            directory: None,
        };
        let routes = std::mem::take(&mut hosted.routes);
        let services = GrpcServices::default().add_routes(hosted.service, &hosted.grpc_services, routes);
        let server = Server::prepare(dependencies, services).expect("a server");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let shutdown = Shutdown::new(Duration::from_secs(1));
        let stop = shutdown.clone();
        tokio::spawn(async move { server.serve(listener, &stop).await });
        let channel = Endpoint::from_shared(url.clone()).expect("a URL").connect_lazy();
        Self { url, channel, shutdown }
    }

    /// Returns the URL of the server.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns a channel that sends this token with every call.
    #[must_use]
    pub fn channel(&self, token: &str) -> AuthorizedChannel {
        InterceptedService::new(self.channel.clone(), BearerToken::new(Some(token)))
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.shutdown.abort();
    }
}
