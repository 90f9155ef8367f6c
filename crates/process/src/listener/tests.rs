//! Tests with real sockets and a paused clock, which jumps to the next timer when nothing else can
//! run.
use std::net::SocketAddr;

use axum::{Router, routing::get};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::Notify,
};
use tokio_util::sync::CancellationToken;

use super::*;

const LIMITS: ConnectionLimits = ConnectionLimits {
    max_open: 3,
    max_open_per_address: 2,
    setup_timeout: Duration::from_secs(20),
    write_timeout: Duration::from_secs(30),
    idle_timeout: Some(Duration::from_secs(300)),
    max_lifetime: Some(Duration::from_secs(600)),
};

async fn listen(limits: ConnectionLimits) -> (LimitedListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (LimitedListener::new(listener, "test", limits, &Metrics::new()), address)
}

/// Serves a small page at `/`.
async fn serve_page(limits: ConnectionLimits) -> (SocketAddr, CancellationToken) {
    let (listener, address) = listen(limits).await;
    let router = Router::new().route("/", get(async || "page"));
    let stop = CancellationToken::new();
    tokio::spawn(serve_http1(listener, router, stop.clone()));
    (address, stop)
}

/// Returns true if the server has closed the connection. Waits until it sends something or closes.
async fn is_closed(client: &mut TcpStream) -> bool {
    matches!(client.read(&mut [0; 1]).await, Ok(0) | Err(_))
}

#[tokio::test(start_paused = true)]
async fn connections_above_the_maxima_are_closed() {
    let (address, _stop) = serve_page(LIMITS).await;
    let connect = async || TcpStream::connect(address).await.unwrap();
    let (mut first, _second) = (connect().await, connect().await);
    assert!(is_closed(&mut connect().await).await, "the address has two connections");
    first.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    assert!(!is_closed(&mut first).await, "the others are not affected");
    drop(first);
    let mut third = connect().await;
    third.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    assert!(!is_closed(&mut third).await, "a closed connection frees its place");
}

#[test]
fn a_network_of_ipv6_counts_as_one_address() {
    let counted = |address: &str| ClientAddress::new(address.parse().unwrap());
    assert_eq!(counted("2001:db8:1:2::1"), counted("2001:db8:1:2:ffff::9"));
    assert_ne!(counted("2001:db8:1:2::1"), counted("2001:db8:1:3::1"));
    assert_eq!(counted("::ffff:192.0.2.1"), counted("192.0.2.1"));
    assert_ne!(counted("192.0.2.2"), counted("192.0.2.1"));
}

#[tokio::test(start_paused = true)]
async fn slow_and_idle_clients_are_disconnected() {
    let (address, _stop) = serve_page(ConnectionLimits { max_open_per_address: 3, ..LIMITS }).await;
    let mut silent = TcpStream::connect(address).await.unwrap();
    let mut dribbling = TcpStream::connect(address).await.unwrap();
    dribbling.write_all(b"GET / HTTP/1.1\r\nx: ").await.unwrap();
    let mut idle = TcpStream::connect(address).await.unwrap();
    idle.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    assert!(is_closed(&mut silent).await);
    assert!(is_closed(&mut dribbling).await);
    let mut answer = Vec::new();
    idle.read_to_end(&mut answer).await.unwrap();
    assert!(answer.ends_with(b"page"), "the connection is closed only after the response");
}

#[tokio::test(start_paused = true)]
async fn stopping_finishes_running_requests() {
    let (listener, address) = listen(LIMITS).await;
    let (entered, release, stop) = (Arc::new(Notify::new()), Arc::new(Notify::new()), CancellationToken::new());
    let (handler_entered, handler_release) = (entered.clone(), release.clone());
    let handler = async move || {
        handler_entered.notify_one();
        handler_release.notified().await;
        "done"
    };
    let serving = tokio::spawn(serve_http1(listener, Router::new().route("/", get(handler)), stop.clone()));
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    entered.notified().await;
    stop.cancel();
    release.notify_one();
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).await.unwrap();
    assert!(answer.ends_with(b"done"), "{}", String::from_utf8_lossy(&answer));
    serving.await.unwrap();
    assert!(TcpStream::connect(address).await.is_err(), "nothing listens any more");
}

#[tokio::test(start_paused = true)]
async fn a_connection_without_a_request_ends() {
    let (listener, address) = listen(LIMITS).await;
    let _client = TcpStream::connect(address).await.unwrap();
    let mut unused = listener.accept().await;
    assert_eq!(unused.read(&mut [0; 1]).await.unwrap_err().kind(), ErrorKind::TimedOut);

    let _client = TcpStream::connect(address).await.unwrap();
    let mut used = listener.accept().await;
    let _request = used.usage().begin_request();
    let waiting = tokio::time::timeout(Duration::from_secs(400), used.read_u8());
    assert!(waiting.await.is_err(), "a request may take longer than a connection may be idle");
    let lifetime_over = tokio::time::timeout(Duration::from_secs(201), used.read_u8()).await.unwrap();
    assert_eq!(lifetime_over.unwrap_err().kind(), ErrorKind::TimedOut);
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_ends_after_its_last_request() {
    let (listener, address) = listen(LIMITS).await;
    let _client = TcpStream::connect(address).await.unwrap();
    let (mut connection, start) = (listener.accept().await, tokio::time::Instant::now());
    let usage = connection.usage();
    tokio::spawn(async move {
        for _ in 0..2 {
            let request = usage.begin_request();
            tokio::time::sleep(Duration::from_secs(50)).await;
            drop(request);
            tokio::time::sleep(Duration::from_secs(10)).await;
        }
    });
    assert_eq!(connection.read_u8().await.unwrap_err().kind(), ErrorKind::TimedOut);
    // The last request ended after 110 seconds.
    assert_eq!(start.elapsed().as_secs(), 410);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_disconnected() {
    let (listener, address) = listen(LIMITS).await;
    let _client = TcpStream::connect(address).await.unwrap();
    let mut connection = listener.accept().await;
    let _request = connection.usage().begin_request();
    // More than the buffers of the operating system.
    let error = connection.write_all(&vec![0; 64 << 20]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
}
