//! Listeners that a client cannot exhaust: they limit the number of connections, in all and of one
//! client address, and the time that a connection may take.

mod connection;
mod http1;
#[cfg(test)]
mod tests;

use std::{
    io::{self, ErrorKind},
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use tokio::net::{TcpListener, TcpSocket};

pub use self::connection::{Connection, ConnectionUse, OpenRequest};
pub use self::http1::serve as serve_http1;
use crate::{
    metrics::{Counters, Metrics},
    quota::Quota,
};

/// The pause after the operating system refused to accept a connection, for example because the
/// process has too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The number of connections that can wait to be accepted; the operating system may have a lower
/// maximum. When the queue is full, new connections of all clients are delayed by seconds, so it
/// must hold the connections of a client that opens thousands a second.
const BACKLOG: u32 = 4096;

/// Binds the address of a listener.
///
/// # Errors
/// Returns the error of the operating system, for example if the address is in use.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // As `TcpListener::bind` does: connections of an ended process do not keep the address in use.
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// The limits for the connections of one listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// The maximum number of open connections. Further connections are closed at once.
    pub max_open: usize,
    /// The maximum number of open connections of one client address. A /64 network of IPv6 counts
    /// as one address, because one client usually has a whole network.
    pub max_open_per_address: usize,
    /// The time from accepting a connection until its first request has arrived, including the TLS
    /// handshake.
    pub setup_timeout: Duration,
    /// The time in which the client must take at least one byte of what the server sends.
    pub write_timeout: Duration,
    /// The time after which a connection without a request is closed, or `None` for no limit.
    pub idle_timeout: Option<Duration>,
    /// The time after which a connection is closed even if it is in use, or `None` for no limit.
    pub max_lifetime: Option<Duration>,
}

/// A TCP listener with limits for its connections.
#[derive(Debug)]
pub struct LimitedListener {
    listener: TcpListener,
    limits: ConnectionLimits,
    /// The open connections, by client address.
    open: Arc<Quota<ClientAddress>>,
    /// The name of the listener in metrics.
    name: &'static str,
    /// Counts the connections that were closed because of a maximum.
    refused: Counters,
}

impl LimitedListener {
    /// Adds limits to a listener. `name` is its name in metrics.
    #[must_use]
    pub fn new(listener: TcpListener, name: &'static str, limits: ConnectionLimits, metrics: &Metrics) -> Self {
        let refused = metrics.counter(
            "cpor_connections_refused",
            "Connections that were closed because too many were open, in all or from one address.",
        );
        Self { listener, limits, open: Quota::new(limits.max_open), name, refused }
    }

    /// Returns the next connection that is within the limits.
    pub async fn accept(&self) -> Connection {
        loop {
            let (stream, peer) = match self.listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    self.wait_after_error(&error).await;
                    continue;
                }
            };
            let address = ClientAddress::new(peer.ip());
            let Ok(permit) = self.open.take([Some((address, self.limits.max_open_per_address))]) else {
                self.refused.add(&[("listener", self.name)], 1);
                continue;
            };
            // An error means that the client is already gone, which the first read reports.
            let (Ok(()) | Err(_)) = stream.set_nodelay(true);
            return Connection::new(stream, address, &self.limits, permit);
        }
    }

    /// Waits before the next attempt, unless the error concerns only one connection.
    async fn wait_after_error(&self, error: &std::io::Error) {
        use ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
        if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
            tracing::warn!(%error, listener = self.name, "cannot accept connections");
            tokio::time::sleep(ACCEPT_PAUSE).await;
        }
    }
}

/// The address under which the connections and requests of a client are counted: an IPv4 address,
/// or the first 64 bits of an IPv6 address. Each request of [`serve_http1`] has it as an extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientAddress(IpAddr);

impl ClientAddress {
    /// Returns the address under which a client with this address is counted.
    #[must_use]
    pub fn new(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => address.into(),
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        })
    }
}
