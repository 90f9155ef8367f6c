//! The middleware that limits the number of concurrent requests.
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http_body::{Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use cpor_auth::{Access, Method};
use cpor_call::status;
use cpor_process::metrics::{Counters, Metrics};

/// The time after which a refused client should try again.
const RETRY_AFTER: Duration = Duration::from_millis(500);

/// The permits for concurrent requests.
#[derive(Debug)]
pub(super) struct Admission {
    permits: Arc<Semaphore>,
    /// Counts the refused requests.
    refused_requests: Counters,
}

impl Admission {
    pub(super) fn new(max_requests: usize, metrics: &Metrics) -> Self {
        let refused_requests =
            metrics.counter("rpc_server_sheds", "Requests refused because too many requests were in progress.");
        Self { permits: Arc::new(Semaphore::new(max_requests.min(Semaphore::MAX_PERMITS))), refused_requests }
    }
}

/// Refuses a request immediately if too many are in progress, because a request that waits in a
/// queue is likely to miss its deadline. Calls to health and reflection are never refused, so that
/// an orchestrator does not restart a process that is only busy.
pub(super) async fn admit(State(admission): State<Arc<Admission>>, request: Request, next: Next) -> Response {
    let method = request.extensions().get::<Arc<Method>>().cloned();
    if method.as_ref().is_some_and(|method| method.access == Access::Public) {
        return next.run(request).await;
    }
    let Ok(permit) = admission.permits.clone().try_acquire_owned() else {
        admission.refused_requests.add(&[], 1);
        return status::overloaded(RETRY_AFTER).into_http();
    };
    let response = next.run(request).await;
    // A unary response is complete now; a stream keeps its permit until it ends.
    match method {
        Some(method) if method.is_streaming => response.map(|body| Body::new(PermitBody { body, _permit: permit })),
        Some(_) | None => response,
    }
}

/// A response body that holds a permit until it is dropped.
struct PermitBody {
    body: Body,
    _permit: OwnedSemaphorePermit,
}

impl http_body::Body for PermitBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
