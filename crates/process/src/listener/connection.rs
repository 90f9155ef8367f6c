//! An accepted connection that ends when it takes too long.
use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep},
};
use tonic::transport::server::Connected;

use super::{ClientAddress, ConnectionLimits};
use crate::quota::QuotaPermit;

/// Records the requests of a connection. The server must call [`Self::begin_request`] when a
/// request has arrived; otherwise the connection is closed after the setup timeout. On a gRPC
/// listener, each request has it as an extension.
#[derive(Clone, Debug, Default)]
pub struct ConnectionUse(Arc<Mutex<Requests>>);

/// The requests of one connection.
#[derive(Debug, Default)]
struct Requests {
    /// The number of requests in progress.
    open: usize,
    /// The time at which the last request began or ended. `None` before the first request.
    last_change: Option<Instant>,
}

/// A request in progress. It ends when this is dropped.
#[derive(Debug)]
pub struct OpenRequest(ConnectionUse);

impl ConnectionUse {
    /// Records that a request has arrived.
    #[must_use]
    pub fn begin_request(&self) -> OpenRequest {
        self.update(|open| open + 1);
        OpenRequest(self.clone())
    }

    fn update(&self, change: impl FnOnce(usize) -> usize) {
        let mut requests = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        requests.open = change(requests.open);
        requests.last_change = Some(Instant::now());
    }

    fn has_begun(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).last_change.is_some()
    }

    /// Returns the time at which the last request ended, or the present time if a request is in
    /// progress.
    fn idle_since(&self) -> Instant {
        let requests = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        requests.last_change.filter(|_| requests.open == 0).unwrap_or_else(Instant::now)
    }
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        self.0.update(|open| open.saturating_sub(1));
    }
}

/// An accepted connection. Reading and writing return [`io::ErrorKind::TimedOut`] when one of the
/// time limits in [`ConnectionLimits`] is over.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    usage: ConnectionUse,
    client: ClientAddress,
    /// Fires when the first request must have arrived. `None` after it has.
    setup_timer: Option<Pin<Box<Sleep>>>,
    /// Fires when the connection may have been idle for too long. `None` until the first request,
    /// and if there is no limit.
    idle_timer: Option<Pin<Box<Sleep>>>,
    idle_timeout: Option<Duration>,
    /// Fires at the end of the maximum lifetime.
    lifetime_timer: Option<Pin<Box<Sleep>>>,
    write_timeout: Duration,
    /// Fires when a blocked write must have made progress. `None` if no write is blocked.
    write_timer: Option<Pin<Box<Sleep>>>,
    /// The place among the open connections, which is freed with the connection.
    _permit: QuotaPermit<ClientAddress>,
}

impl Connection {
    pub(super) fn new(
        stream: TcpStream,
        client: ClientAddress,
        limits: &ConnectionLimits,
        permit: QuotaPermit<ClientAddress>,
    ) -> Self {
        Self {
            stream,
            usage: ConnectionUse::default(),
            client,
            setup_timer: Some(Box::pin(sleep(limits.setup_timeout))),
            idle_timer: None,
            idle_timeout: limits.idle_timeout,
            lifetime_timer: limits.max_lifetime.map(|lifetime| Box::pin(sleep(lifetime))),
            write_timeout: limits.write_timeout,
            write_timer: None,
            _permit: permit,
        }
    }

    /// Returns the record of the use of this connection.
    #[must_use]
    pub fn usage(&self) -> ConnectionUse {
        self.usage.clone()
    }

    /// Returns the address under which the client is counted.
    #[must_use]
    pub const fn client(&self) -> ClientAddress {
        self.client
    }

    /// Returns an error if the setup or the whole connection has taken too long, or if the
    /// connection was idle for too long.
    fn check_timers(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        if let Some(timer) = &mut self.setup_timer {
            if self.usage.has_begun() {
                self.setup_timer = None;
                self.idle_timer = self.idle_timeout.map(|timeout| Box::pin(sleep(timeout)));
            } else if timer.as_mut().poll(context).is_ready() {
                return Err(timed_out("no request has arrived in time"));
            }
        }
        if let (Some(timer), Some(timeout)) = (&mut self.idle_timer, self.idle_timeout) {
            while timer.as_mut().poll(context).is_ready() {
                let end = self.usage.idle_since() + timeout;
                if end <= Instant::now() {
                    return Err(timed_out("the connection was idle for too long"));
                }
                timer.as_mut().reset(end);
            }
        }
        let is_over = self.lifetime_timer.as_mut().is_some_and(|timer| timer.as_mut().poll(context).is_ready());
        if is_over { Err(timed_out("the connection has reached its maximum lifetime")) } else { Ok(()) }
    }

    /// Returns an error instead of waiting if a write has been blocked for too long.
    fn limit_write<T>(&mut self, context: &mut Context<'_>, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if result.is_ready() {
            self.write_timer = None;
            return result;
        }
        let timeout = self.write_timeout;
        let timer = self.write_timer.get_or_insert_with(|| Box::pin(sleep(timeout)));
        timer.as_mut().poll(context).map(|()| Err(timed_out("the client does not read")))
    }
}

fn timed_out(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, reason)
}

impl Connected for Connection {
    type ConnectInfo = ConnectionUse;

    fn connect_info(&self) -> ConnectionUse {
        self.usage()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check_timers(context)?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.limit_write(context, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.limit_write(context, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
