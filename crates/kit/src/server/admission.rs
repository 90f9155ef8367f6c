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

use crate::{
    auth::{Access, Method},
    metrics::{Counters, Metrics},
    status,
};

/// What a shed caller is asked to wait.
const RETRY_AFTER: Duration = Duration::from_millis(500);

/// How many requests may be in work.
#[derive(Debug)]
pub(super) struct Admission {
    places: Arc<Semaphore>,
    sheds: Counters,
}

impl Admission {
    pub(super) fn new(places: usize, metrics: &Metrics) -> Self {
        let sheds = metrics.counter("rpc_server_sheds", "Requests refused because too many were in work.");
        Self { places: Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS))), sheds }
    }
}

/// Refuses a request at once when too many are in work: waiting in a queue would only make it late. Health and
/// reflection always get through, so that an orchestrator does not restart what is merely busy.
pub(super) async fn admit(State(admission): State<Arc<Admission>>, request: Request, next: Next) -> Response {
    let method = request.extensions().get::<Arc<Method>>().cloned();
    if method.as_ref().is_some_and(|method| method.access == Access::Open) {
        return next.run(request).await;
    }
    let Ok(place) = admission.places.clone().try_acquire_owned() else {
        admission.sheds.add(&[], 1);
        return status::overloaded(RETRY_AFTER).into_http();
    };
    let response = next.run(request).await;
    // A single answer is complete by now; a stream keeps its place until its end.
    match method {
        Some(method) if method.streaming => response.map(|body| Body::new(Placed { body, _place: place })),
        Some(_) | None => response,
    }
}

/// An answer that keeps its place.
struct Placed {
    body: Body,
    _place: OwnedSemaphorePermit,
}

impl http_body::Body for Placed {
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
