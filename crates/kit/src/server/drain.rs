use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    extract::Request,
    middleware::Next,
    response::Response,
};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt as _;

/// Bytes that a caller may have on its way when its answer comes: a stream's window, which is not opened any further.
const ON_ITS_WAY: usize = 1 << 20;
/// How long what is on its way may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// Reads what an answered caller still sends. A request that is refused before it was read leaves its body behind; were it
/// dropped, the stream would be reset, and its next bytes would meet a stream that is gone. The transport takes a peer for an
/// attacker to whom that happens often, and cuts its connection, with every other call on it.
pub(super) async fn drain(request: Request, next: Next) -> Response {
    next.run(request.map(|body| Body::new(Drained(Some(body))))).await
}

/// A request's body, until its end was read.
struct Drained(Option<Body>);

impl http_body::Body for Drained {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Some(body) = &mut self.0 else { return Poll::Ready(None) };
        let polled = Pin::new(body).poll_frame(context);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            self.0 = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(http_body::Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.0.as_ref().map_or_else(|| SizeHint::with_exact(0), http_body::Body::size_hint)
    }
}

impl Drop for Drained {
    fn drop(&mut self) {
        let Some(body) = self.0.take().filter(|body| !http_body::Body::is_end_stream(body)) else { return };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(tokio::time::timeout(PATIENCE, rest(body)));
        }
    }
}

async fn rest(mut body: Body) {
    let mut read = 0;
    while let Some(Ok(frame)) = body.frame().await {
        read += frame.data_ref().map_or(0, Bytes::len);
        if read > ON_ITS_WAY {
            return;
        }
    }
}
