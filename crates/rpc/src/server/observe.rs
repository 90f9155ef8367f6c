//! Gives every request an id, a tracing span and metrics.
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes},
    extract::Request,
    response::Response,
};
use cpor_types::Entropy;
use http::{HeaderMap, HeaderValue};
use http_body::{Frame, SizeHint};
use tokio::time::Instant;
use tonic::Code;
use tracing::{Instrument as _, Span};

use super::REQUEST_ID;
use cpor_auth::{Method, MethodTable};
use cpor_call::context::RequestId;
use cpor_process::{
    metrics::{Gauges, Histograms, Metrics},
    telemetry,
};

/// The maximum length of a request id that a client may choose.
const MAX_REQUEST_ID: usize = 128;

/// The dependencies of the observation.
pub(super) struct Observer {
    methods: Arc<MethodTable>,
    durations: Histograms,
    active_requests: Gauges,
    entropy: Arc<dyn Entropy>,
}

impl Observer {
    pub(super) fn new(methods: Arc<MethodTable>, metrics: &Metrics, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            methods,
            durations: metrics
                .histogram("rpc_server_duration_seconds", "Time from the request to the end of the response."),
            active_requests: metrics.gauge("rpc_server_active_requests", "Requests in progress."),
            entropy,
        }
    }

    /// Returns the request id that the client chose, or a new one if the client chose none or an
    /// invalid one.
    fn request_id(&self, headers: &HeaderMap) -> Arc<str> {
        let header = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
        let is_valid =
            |id: &&str| (1..=MAX_REQUEST_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
        header.filter(is_valid).map_or_else(|| self.entropy.uuid().to_string().into(), Into::into)
    }

    /// Starts the observation of a request. The request counts as active until the observation is
    /// finished.
    fn start(&self, method: Option<Arc<Method>>) -> Observation {
        let span = new_span(service_and_method(method.as_deref()));
        self.active_requests.add(&[], 1.0);
        Observation {
            method,
            start: Instant::now(),
            durations: self.durations.clone(),
            active_requests: self.active_requests.clone(),
            span,
            is_finished: false,
        }
    }
}

/// Returns the names for spans and metrics. Paths that are not served share the name `unknown`,
/// because otherwise clients could create any number of metric series.
fn service_and_method(method: Option<&Method>) -> (&str, &str) {
    method.map_or(("unknown", "unknown"), |method| (&method.service, &method.name))
}

/// Creates the span of a request. The attribute names follow the OpenTelemetry conventions for RPC.
fn new_span((service, method): (&str, &str)) -> Span {
    tracing::info_span!(
        "rpc",
        otel.name = %format_args!("{service}/{method}"),
        otel.kind = "server",
        rpc.system = "grpc",
        rpc.service = service,
        rpc.method = method,
        rpc.grpc.status_code = tracing::field::Empty,
        request_id = tracing::field::Empty,
        trace_id = tracing::field::Empty,
    )
}

/// Observes a request until the end of its response body, and puts the [`Method`] and the request
/// id into the extensions of the request.
pub(super) async fn observe<F>(observer: &Observer, mut request: Request, next: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    let method = observer.methods.get(request.uri().path());
    let id = observer.request_id(request.headers());
    let mut observation = observer.start(method.clone());
    observation.continue_trace(request.headers(), &id);
    if let Some(method) = method {
        request.extensions_mut().insert(method);
    }
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = next(request).instrument(observation.span.clone()).await;
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    match grpc_status_code(response.headers()) {
        Some(code) => {
            observation.finish(code);
            response
        }
        None => response.map(|body| Body::new(ObservedBody { body, observation })),
    }
}

/// A request that is being observed. If it is dropped before it is finished, the client has
/// cancelled the request.
struct Observation {
    method: Option<Arc<Method>>,
    start: Instant,
    durations: Histograms,
    active_requests: Gauges,
    span: Span,
    is_finished: bool,
}

impl Observation {
    /// Makes the span part of the client's trace, if the request has a `traceparent` header (W3C
    /// Trace Context).
    fn continue_trace(&self, headers: &HeaderMap, request_id: &str) {
        if self.span.is_disabled() {
            return;
        }
        if let Some(parent) = headers.get("traceparent").and_then(|value| value.to_str().ok()) {
            telemetry::continue_trace(&self.span, parent);
        }
        self.span.record("request_id", request_id);
        if let Some(trace_id) = self.span.in_scope(telemetry::trace_id) {
            self.span.record("trace_id", trace_id);
        }
    }

    /// Records the end of the request. Repeated calls have no effect.
    fn finish(&mut self, code: i32) {
        if std::mem::replace(&mut self.is_finished, true) {
            return;
        }
        self.active_requests.add(&[], -1.0);
        self.span.record("rpc.grpc.status_code", code);
        let (service, method) = service_and_method(self.method.as_deref());
        let seconds = self.start.elapsed().as_secs_f64();
        tracing::debug!(parent: &self.span, code, seconds, "request finished");
        let code = code.to_string();
        let labels = [("rpc_service", service), ("rpc_method", method), ("rpc_grpc_status_code", &code)];
        self.durations.observe(&labels, seconds);
    }
}

impl Drop for Observation {
    fn drop(&mut self) {
        self.finish(Code::Cancelled as i32);
    }
}

/// Returns the gRPC status code in trailers, or in the headers of a response without a body.
fn grpc_status_code(headers: &HeaderMap) -> Option<i32> {
    headers.get("grpc-status")?.to_str().ok()?.parse().ok()
}

/// A response body whose trailers finish the observation.
struct ObservedBody {
    body: Body,
    observation: Observation,
}

impl http_body::Body for ObservedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let span = self.observation.span.clone();
        let frame = span.in_scope(|| Pin::new(&mut self.body).poll_frame(context));
        match &frame {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(code) = frame.trailers_ref().and_then(grpc_status_code) {
                    self.observation.finish(code);
                }
            }
            Poll::Ready(Some(Err(_)) | None) => self.observation.finish(Code::Unknown as i32),
            Poll::Pending => {}
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
