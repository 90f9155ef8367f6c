//! A server for HTTP/1.1, for browsers and operators.
use std::time::Duration;

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio_util::sync::CancellationToken;

use super::LimitedListener;

/// The time in which the headers of a request must arrive. It begins when the connection is
/// accepted or the response before is finished, so it also limits how long a connection is idle. It
/// is longer than the time for which proxies usually keep an idle connection, because a proxy could
/// otherwise send a request at the moment when the connection is closed.
const HEADER_TIMEOUT: Duration = Duration::from_secs(75);
/// The maximum size of the headers of a request, in bytes.
const MAX_HEADER_BYTES: usize = 32 << 10;

/// Serves a router until `stop` is cancelled, and then finishes the running requests.
pub async fn serve(listener: LimitedListener, router: Router, stop: CancellationToken) {
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT).max_buf_size(MAX_HEADER_BYTES);
    let connections = GracefulShutdown::new();
    loop {
        let connection = tokio::select! {
            connection = listener.accept() => connection,
            () = stop.cancelled() => break,
        };
        // The timeout for headers takes the place of the timeouts for the setup and for idleness.
        let in_use = connection.usage().begin_request();
        let service = TowerToHyperService::new(router.clone().layer(Extension(connection.client())));
        let serving = connections.watch(server.serve_connection(TokioIo::new(connection), service));
        tokio::spawn(async move {
            let _in_use = in_use;
            if let Err(error) = serving.await {
                tracing::debug!(%error, "an HTTP connection has failed");
            }
        });
    }
    drop(listener);
    connections.shutdown().await;
}
