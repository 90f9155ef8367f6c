//! The connections of the gRPC listener, with or without TLS.
use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::extract::Request;
use cpor_auth::ClientCertificate;
use cpor_process::listener::{Connection, ConnectionUse, LimitedListener};
use futures_util::{Stream, StreamExt as _, stream::unfold};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::timeout,
};
use tokio_rustls::server::TlsStream;
use tonic::transport::server::Connected;

use crate::tls::ServerTls;

/// The time limit for a TLS handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection that is ready for HTTP/2.
#[derive(Debug)]
pub(super) enum GrpcConnection {
    Plain(Connection),
    /// A connection after its TLS handshake, with the services that its client certificate names.
    Tls(Box<TlsStream<Connection>>, ClientCertificate),
}

/// The properties of a connection that all its requests share. Each request has them as an
/// extension.
#[derive(Clone, Debug)]
pub(super) struct ConnectionInfo {
    usage: ConnectionUse,
    certificate: ClientCertificate,
}

/// Returns the connections of the listener. Each TLS handshake has a task of its own, so a slow
/// client does not delay the others. A connection whose handshake fails is left out.
pub(super) fn accept(
    listener: LimitedListener,
    tls: Option<Arc<ServerTls>>,
    max_open: usize,
) -> impl Stream<Item = io::Result<GrpcConnection>> {
    let accepted = unfold(listener, async |listener| Some((listener.accept().await, listener)));
    let ready = accepted.map(move |connection| establish(connection, tls.clone())).buffer_unordered(max_open);
    ready.filter_map(async |connection| connection.map(Ok))
}

async fn establish(connection: Connection, tls: Option<Arc<ServerTls>>) -> Option<GrpcConnection> {
    let Some(tls) = tls else { return Some(GrpcConnection::Plain(connection)) };
    let handshake = async move { timeout(HANDSHAKE_TIMEOUT, tls.accept(connection)).await };
    match tokio::spawn(handshake).await {
        Ok(Ok(Ok((stream, certificate)))) => return Some(GrpcConnection::Tls(Box::new(stream), certificate)),
        Ok(Ok(Err(error))) => tracing::debug!(%error, "a TLS handshake has failed"),
        Ok(Err(_)) => tracing::debug!("a TLS handshake has taken too long"),
        Err(error) => tracing::error!(%error, "a TLS handshake has panicked"),
    }
    None
}

/// Puts the use and the client certificate of the connection into the extensions of a request.
pub(super) fn expose(mut request: Request) -> Request {
    if let Some(info) = request.extensions_mut().remove::<ConnectionInfo>() {
        request.extensions_mut().insert(info.usage);
        request.extensions_mut().insert(info.certificate);
    }
    request
}

impl Connected for GrpcConnection {
    type ConnectInfo = ConnectionInfo;

    fn connect_info(&self) -> ConnectionInfo {
        match self {
            Self::Plain(connection) => {
                ConnectionInfo { usage: connection.usage(), certificate: ClientCertificate::default() }
            }
            Self::Tls(stream, certificate) => {
                ConnectionInfo { usage: stream.get_ref().0.usage(), certificate: certificate.clone() }
            }
        }
    }
}

impl AsyncRead for GrpcConnection {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(connection) => Pin::new(connection).poll_read(context, buffer),
            Self::Tls(stream, _) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for GrpcConnection {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(connection) => Pin::new(connection).poll_write(context, bytes),
            Self::Tls(stream, _) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(connection) => Pin::new(connection).poll_write_vectored(context, parts),
            Self::Tls(stream, _) => Pin::new(stream).poll_write_vectored(context, parts),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(connection) => connection.is_write_vectored(),
            Self::Tls(stream, _) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(connection) => Pin::new(connection).poll_flush(context),
            Self::Tls(stream, _) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(connection) => Pin::new(connection).poll_shutdown(context),
            Self::Tls(stream, _) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
