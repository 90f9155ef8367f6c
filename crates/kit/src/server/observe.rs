use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes},
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use cpor_types::Entropy;
use http::{HeaderMap, HeaderValue};
use http_body::{Frame, SizeHint};
use tokio::time::Instant;
use tonic::Code;
use tracing::{Instrument as _, Span};

use super::{REQUEST_ID, call::RequestId};
use crate::{
    auth::{Method, MethodTable},
    metrics::{Gauges, Histograms, Metrics},
    telemetry,
};

/// Longest request id that is taken over from a caller.
const MAX_REQUEST_ID: usize = 128;

/// Gives requests their ids, spans and metrics.
pub(super) struct Observer {
    methods: Arc<MethodTable>,
    durations: Histograms,
    active: Gauges,
    entropy: Arc<dyn Entropy>,
}

impl Observer {
    pub(super) fn new(methods: Arc<MethodTable>, metrics: &Metrics, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            methods,
            durations: metrics.histogram("rpc_server_duration_seconds", "Time from request to the end of its answer."),
            active: metrics.gauge("rpc_server_active_requests", "Requests in work."),
            entropy,
        }
    }

    /// The caller's id where it has a sensible one, else a new one.
    fn request_id(&self, headers: &HeaderMap) -> Arc<str> {
        let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
        let sensible =
            |id: &&str| (1..=MAX_REQUEST_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
        given.filter(sensible).map_or_else(|| self.entropy.uuid().to_string().into(), Into::into)
    }

    fn begin(&self, method: Option<Arc<Method>>) -> Observation {
        let span = span(names(method.as_deref()));
        self.active.add(&[], 1.0);
        let (durations, active) = (self.durations.clone(), self.active.clone());
        Observation { method, began: Instant::now(), durations, active, span, done: false }
    }
}

/// A path that is not served names whatever its sender likes, so it gets no span name and no series of its own.
fn names(method: Option<&Method>) -> (&str, &str) {
    method.map_or(("unknown", "unknown"), |method| (&method.service, &method.name))
}

/// Names after the OpenTelemetry conventions for RPC.
fn span((service, method): (&str, &str)) -> Span {
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

/// Watches a request from its first byte to the last of its answer.
pub(super) async fn observe(State(observer): State<Arc<Observer>>, mut request: Request, next: Next) -> Response {
    let method = observer.methods.get(request.uri().path());
    let id = observer.request_id(request.headers());
    let mut observation = observer.begin(method.clone());
    observation.join_trace(request.headers(), &id);
    if let Some(method) = method {
        request.extensions_mut().insert(method);
    }
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = next.run(request).instrument(observation.span.clone()).await;
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    match code_in(response.headers()) {
        Some(code) => {
            observation.finish(code);
            response
        }
        None => response.map(|body| Body::new(Observed { body, observation })),
    }
}

/// One request under observation. Dropped before its end, it was cancelled by its caller.
struct Observation {
    method: Option<Arc<Method>>,
    began: Instant,
    durations: Histograms,
    active: Gauges,
    span: Span,
    done: bool,
}

impl Observation {
    fn join_trace(&self, headers: &HeaderMap, request_id: &str) {
        if self.span.is_disabled() {
            return;
        }
        if let Some(parent) = headers.get("traceparent").and_then(|value| value.to_str().ok()) {
            telemetry::continue_from(&self.span, parent);
        }
        self.span.record("request_id", request_id);
        if let Some(trace_id) = self.span.in_scope(telemetry::trace_id) {
            self.span.record("trace_id", trace_id);
        }
    }

    fn finish(&mut self, code: i32) {
        if std::mem::replace(&mut self.done, true) {
            return;
        }
        self.active.add(&[], -1.0);
        self.span.record("rpc.grpc.status_code", code);
        let ((service, method), seconds) = (names(self.method.as_deref()), self.began.elapsed().as_secs_f64());
        tracing::debug!(parent: &self.span, code, seconds, "answered");
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

/// The status of an answer without a body, or of trailers.
fn code_in(headers: &HeaderMap) -> Option<i32> {
    headers.get("grpc-status")?.to_str().ok()?.parse().ok()
}

/// An answer whose trailers will tell how it went.
struct Observed {
    body: Body,
    observation: Observation,
}

impl http_body::Body for Observed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let span = self.observation.span.clone();
        let polled = span.in_scope(|| Pin::new(&mut self.body).poll_frame(context));
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(code) = frame.trailers_ref().and_then(code_in) {
                    self.observation.finish(code);
                }
            }
            Poll::Ready(Some(Err(_)) | None) => self.observation.finish(Code::Unknown as i32),
            Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
