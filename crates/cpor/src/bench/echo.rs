//! A gRPC server that does nothing else: tonic with its health service, without the layers of cpor.
//! Its rate is the upper bound for any call on this machine.

use std::net::Ipv4Addr;

use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Endpoint, Server};

use super::load::Pool;

/// Starts the server on a free port, in this process, and opens connections to it.
///
/// # Errors
/// Returns an error if no port is free or a connection cannot be opened.
pub(super) async fn start(connections: usize) -> anyhow::Result<Pool> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let endpoint = Endpoint::from_shared(format!("http://{}", listener.local_addr()?))?;
    let (_, health) = tonic_health::server::health_reporter();
    tokio::spawn(Server::builder().add_service(health).serve_with_incoming(TcpListenerStream::new(listener)));
    Pool::connect(&endpoint, connections, "none".parse()?).await
}
