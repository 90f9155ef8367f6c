//! Reads request bodies to their end.
//!
//! If a request is refused before its body was read, dropping the body would reset the HTTP/2
//! stream, and further bytes of the client would arrive on a closed stream. The transport (h2)
//! counts such events as an attack and, after a number of them, closes the connection with all its
//! other calls.
use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    extract::Request,
};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt as _;

/// The maximum number of bytes to read. A client can have sent at most one flow-control window that
/// is unread, and the window is not enlarged after the response.
const MAX_DRAINED_BYTES: usize = 1 << 20;
/// The maximum time for reading the rest of a body.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(1);

/// Has the rest of the request body read in the background if no handler reads it.
pub(super) fn drain_body(request: Request) -> Request {
    request.map(|body| Body::new(DrainOnDrop(Some(body))))
}

/// A request body. If it is dropped before its end, the rest is read in the background. It is
/// `None` after its end was read.
struct DrainOnDrop(Option<Body>);

impl http_body::Body for DrainOnDrop {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Some(body) = &mut self.0 else { return Poll::Ready(None) };
        let frame = Pin::new(body).poll_frame(context);
        if matches!(frame, Poll::Ready(None | Some(Err(_)))) {
            self.0 = None;
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(http_body::Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.0.as_ref().map_or_else(|| SizeHint::with_exact(0), http_body::Body::size_hint)
    }
}

impl Drop for DrainOnDrop {
    fn drop(&mut self) {
        let Some(body) = self.0.take().filter(|body| !http_body::Body::is_end_stream(body)) else { return };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(tokio::time::timeout(DRAIN_TIMEOUT, read_to_end(body)));
        }
    }
}

async fn read_to_end(mut body: Body) {
    let mut bytes_read = 0;
    while let Some(Ok(frame)) = body.frame().await {
        bytes_read += frame.data_ref().map_or(0, Bytes::len);
        if bytes_read > MAX_DRAINED_BYTES {
            return;
        }
    }
}
