//! Sends calls again that a peer has certainly not processed.
//!
//! When a connection ends in order (GOAWAY), calls that were about to use it fail. No part of such
//! a call was processed, so it is sent again on another connection, as gRPC clients of other
//! languages do (*transparent retry*). A call that the peer may have processed is never sent again.
use std::{
    error::Error,
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use axum::body::Bytes;
use h2::Reason;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::BodyExt as _;
use tonic::{body::Body, transport::Channel};
use tower::{Service, ServiceExt as _};

/// How often a call is sent. The connection for the second attempt can end in the same moment as
/// the first one, because a channel notices the end of a connection a little later.
const MAX_ATTEMPTS: usize = 3;

/// A channel that sends unary calls, and calls with a stream of responses, again if they were never
/// processed. It keeps the request message in memory until the response begins, so it is not meant
/// for streams of requests.
#[derive(Clone, Debug)]
pub struct ResendingChannel(Channel);

impl ResendingChannel {
    pub(crate) fn new(channel: Channel) -> Self {
        Self(channel)
    }
}

impl Service<Request<Body>> for ResendingChannel {
    type Response = Response<Body>;
    type Error = tonic::transport::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // The channel that is ready makes the call.
        let next = self.0.clone();
        let channel = std::mem::replace(&mut self.0, next);
        Box::pin(send(channel, request))
    }
}

/// Sends a call, and again if it was certainly not processed.
async fn send(mut channel: Channel, request: Request<Body>) -> Result<Response<Body>, tonic::transport::Error> {
    let (head, body) = request.into_parts();
    let message = match body.collect().await {
        Ok(message) => message.to_bytes(),
        // The message could not be encoded, so nothing is sent.
        Err(status) => return Ok(status.into_http()),
    };
    for _ in 1..MAX_ATTEMPTS {
        let body = MessageBody::new(&message);
        let is_taken = Arc::clone(&body.is_taken);
        let error = match channel.call(Request::from_parts(head.clone(), Body::new(body))).await {
            Err(error) if was_not_processed(&error, is_taken.load(Ordering::Acquire)) => error,
            outcome => return outcome,
        };
        tracing::debug!(error = &error as &dyn Error, "a call was not sent, because its connection ended");
        // Lets the connection's task notice the end.
        tokio::task::yield_now().await;
        channel.ready().await?;
    }
    channel.call(Request::from_parts(head, Body::new(MessageBody::new(&message)))).await
}

/// Returns true if the peer has certainly not processed the call: the connection took no byte of
/// its message, or the peer says so. `is_taken` tells whether the connection took the message.
fn was_not_processed(error: &tonic::transport::Error, is_taken: bool) -> bool {
    let causes = || std::iter::successors(error.source(), |&error| error.source());
    // GOAWAY reaches a call only if its stream is later than the last one that the peer processes.
    let is_refused = |error: &h2::Error| {
        error.is_remote() && (error.is_go_away() || error.is_reset() && error.reason() == Some(Reason::REFUSED_STREAM))
    };
    let mut refusals = causes().filter_map(|cause| cause.downcast_ref::<h2::Error>());
    // The connection has reported an error before it took the message.
    refusals.any(is_refused) || !is_taken && causes().any(|cause| cause.is::<hyper::Error>())
}

/// A request body with one message, which records whether the connection has taken it.
struct MessageBody {
    /// The message; `None` after the connection has taken it.
    message: Option<Bytes>,
    /// Whether the connection has taken the message.
    is_taken: Arc<AtomicBool>,
}

impl MessageBody {
    fn new(message: &Bytes) -> Self {
        Self { message: Some(message.clone()), is_taken: Arc::default() }
    }
}

impl http_body::Body for MessageBody {
    type Data = Bytes;
    type Error = tonic::Status;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, tonic::Status>>> {
        self.is_taken.store(true, Ordering::Release);
        Poll::Ready(self.message.take().map(|message| Ok(Frame::data(message))))
    }

    fn is_end_stream(&self) -> bool {
        self.message.is_none()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::AtomicUsize,
        time::{Duration, Instant},
    };

    use tokio::{
        net::TcpListener,
        sync::mpsc::{Receiver, Sender, channel},
        task::JoinSet,
    };
    use tonic::{
        Code,
        transport::{Endpoint, Server, channel::Change, server::TcpIncoming},
    };
    use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

    use super::*;

    /// The age at which the servers end their connections.
    const AGE: Duration = Duration::from_millis(150);

    /// Returns a channel to two servers whose connections end all the time.
    async fn short_lived_connections() -> Channel {
        let (channel, changes) = Channel::balance_channel(2);
        for number in 0..2_u64 {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let endpoint = Endpoint::from_shared(format!("http://{}", listener.local_addr().unwrap())).unwrap();
            changes.send(Change::Insert(number, endpoint)).await.unwrap();
            let (_, health) = tonic_health::server::health_reporter();
            let age = AGE + Duration::from_millis(40 * number);
            let server = Server::builder().max_connection_age(age).add_service(health);
            tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
        }
        channel
    }

    /// Makes calls for 30 connection ages. Returns the number of calls and the failures.
    async fn call_under_load<S>(channel: S) -> (usize, Vec<tonic::Status>)
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = tonic::transport::Error>,
        S: Clone + Send + 'static,
        S::Future: Send,
    {
        let (mut callers, calls, end) = (JoinSet::new(), Arc::new(AtomicUsize::new(0)), Instant::now() + AGE * 30);
        for _ in 0..32 {
            let (mut health, calls) = (HealthClient::new(channel.clone()), Arc::clone(&calls));
            callers.spawn(async move {
                let mut failures = Vec::new();
                while Instant::now() < end {
                    calls.fetch_add(1, Ordering::Relaxed);
                    failures.extend(health.check(HealthCheckRequest::default()).await.err());
                }
                failures
            });
        }
        let failures = callers.join_all().await.concat();
        (calls.load(Ordering::Relaxed), failures)
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn no_call_fails_when_connections_end() {
        let (calls, failures) = call_under_load(ResendingChannel::new(short_lived_connections().await)).await;
        assert!(calls > 1000, "{calls}");
        assert!(failures.is_empty(), "{} of {calls} calls failed: {:?}", failures.len(), failures.first());
    }

    /// A server that lets a test answer each request by hand.
    async fn start_raw_server() -> (Channel, Receiver<(u32, h2::server::SendResponse<Bytes>)>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = Endpoint::from_shared(format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let (requests, received) = channel(8);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve_raw(stream, requests.clone()));
            }
        });
        (endpoint.connect_lazy(), received)
    }

    async fn serve_raw(stream: tokio::net::TcpStream, requests: Sender<(u32, h2::server::SendResponse<Bytes>)>) {
        let mut connection = h2::server::handshake(stream).await.unwrap();
        while let Some(Ok((request, respond))) = connection.accept().await {
            let mut body = request.into_body();
            let requests = requests.clone();
            tokio::spawn(async move {
                // The whole message has arrived.
                while body.data().await.is_some() {}
                requests.send((respond.stream_id().as_u32(), respond)).await.unwrap();
            });
        }
    }

    #[tokio::test]
    async fn a_refused_call_is_sent_again() {
        let (channel, mut received) = start_raw_server().await;
        let mut health = HealthClient::new(ResendingChannel::new(channel));
        let call = tokio::spawn(async move { health.check(HealthCheckRequest::default()).await });
        for _ in 1..MAX_ATTEMPTS {
            received.recv().await.unwrap().1.send_reset(Reason::REFUSED_STREAM);
        }
        let trailers_only = Response::builder().header("content-type", "application/grpc").header("grpc-status", "5");
        let (_, mut last) = received.recv().await.unwrap();
        last.send_response(trailers_only.body(()).unwrap(), true).unwrap();
        assert_eq!(call.await.unwrap().unwrap_err().code(), Code::NotFound);
    }

    #[tokio::test]
    async fn a_call_that_may_have_been_processed_is_not_sent_again() {
        for reason in [Reason::CANCEL, Reason::INTERNAL_ERROR, Reason::NO_ERROR] {
            let (channel, mut received) = start_raw_server().await;
            let mut health = HealthClient::new(ResendingChannel::new(channel));
            let call = tokio::spawn(async move { health.check(HealthCheckRequest::default()).await });
            received.recv().await.unwrap().1.send_reset(reason);
            call.await.unwrap().unwrap_err();
            assert!(received.try_recv().is_err(), "{reason:?}: the call is sent once");
        }
    }
}
