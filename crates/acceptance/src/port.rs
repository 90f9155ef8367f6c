//! A port that belongs to a test from its start to its end, whether anybody listens on it or not.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use tokio::net::{TcpListener, TcpSocket};

/// A reserved port on 127.0.0.1. While nobody listens, connections to it are refused, as they are when a process is down; nobody
/// else can get it in between.
#[derive(Clone, Debug)]
pub struct Port {
    address: SocketAddr,
    /// Bound and never listening: the reservation.
    _reserved: Arc<TcpSocket>,
}

impl Port {
    /// Reserves a free port.
    #[must_use]
    pub fn reserve() -> Self {
        let reserved = socket(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let address = reserved.local_addr().expect("an address");
        Self { address, _reserved: Arc::new(reserved) }
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// As `http://127.0.0.1:port`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Listens on it.
    #[must_use]
    pub fn listen(&self) -> TcpListener {
        socket(self.address).listen(1024).expect("to listen on the reserved port")
    }
}

fn socket(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_reuseaddr(true).expect("to share the reservation");
    socket.bind(address).expect("a free port");
    socket
}
