//! A TCP port that stays reserved for a test, even while no process listens on it.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use tokio::net::{TcpListener, TcpSocket};

/// A reserved port on 127.0.0.1. While no process listens, connections to the port are refused, but
/// no other program can bind it.
#[derive(Clone, Debug)]
pub struct ReservedPort {
    address: SocketAddr,
    /// The socket that reserves the port. It is bound and never listens.
    _reserved: Arc<TcpSocket>,
}

impl ReservedPort {
    /// Reserves a free port.
    #[must_use]
    pub fn reserve() -> Self {
        let reserved = bound_socket(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let address = reserved.local_addr().expect("an address");
        Self { address, _reserved: Arc::new(reserved) }
    }

    /// Returns the address of the port.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the URL `http://127.0.0.1:{port}`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Listens on the port.
    #[must_use]
    pub fn listen(&self) -> TcpListener {
        bound_socket(self.address).listen(1024).expect("to listen on the reserved port")
    }
}

fn bound_socket(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_reuseaddr(true).expect("to share the reservation");
    socket.bind(address).expect("a free port");
    socket
}
