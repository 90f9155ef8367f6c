//! Logs and traces: structured log lines with trace ids, propagation of the W3C trace context, and
//! export of spans over OTLP if it is configured.
use std::io::IsTerminal as _;

use opentelemetry::{
    Context,
    trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState, TracerProvider as _},
};
use opentelemetry_otlp::WithExportConfig as _;
use opentelemetry_sdk::{
    Resource,
    trace::{Sampler, SdkTracerProvider},
};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, layer::SubscriberExt as _, util::SubscriberInitExt as _};

use crate::config::{LogFormat, TelemetryConfig};

/// The reason why telemetry cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The log filter is invalid.
    #[error("telemetry.log_filter: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// The configured endpoint cannot be used.
    #[error("telemetry.otlp_endpoint: {0}")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
    /// A logger is already installed in this process.
    #[error("telemetry is already initialized: {0}")]
    AlreadyInitialized(#[from] tracing_subscriber::util::TryInitError),
}

/// The telemetry of the process. Shut it down before the process ends, so that no spans are lost.
#[derive(Debug)]
pub struct Telemetry {
    provider: SdkTracerProvider,
}

impl Telemetry {
    /// Exports the buffered spans. Blocks until they are exported or the export fails.
    pub fn shutdown(self) {
        if let Err(error) = self.provider.shutdown() {
            tracing::warn!(%error, "the last spans could not be exported");
        }
    }
}

/// Sets up traces, and logging to standard error, for the whole process. Must be called once, and
/// within a Tokio runtime if spans are exported.
///
/// # Errors
/// Returns an error if the log filter or the endpoint is invalid, or if a logger is already
/// installed.
pub fn init(config: &TelemetryConfig, service_name: &str) -> Result<Telemetry, TelemetryError> {
    let provider = new_provider(config, service_name)?;
    // Recording file, line, thread and idle times costs a tenth of the throughput, so it is off.
    let trace_layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("cpor"))
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_filter(tracing_subscriber::filter::LevelFilter::INFO);
    let filter = EnvFilter::builder().parse(&config.log_filter)?;
    let has_colors =
        std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let log_layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(has_colors);
    let log_layer = match config.log_format {
        LogFormat::Json => log_layer.json().with_current_span(true).with_span_list(false).boxed(),
        LogFormat::Pretty => log_layer.with_target(false).boxed(),
    };
    tracing_subscriber::registry().with(trace_layer).with(log_layer.with_filter(filter)).try_init()?;
    Ok(Telemetry { provider })
}

/// Creates the provider of spans. Without an endpoint no span is exported and no new trace is
/// sampled. Spans still have trace ids: log lines contain them, and a client's trace continues
/// through this process.
fn new_provider(config: &TelemetryConfig, service_name: &str) -> Result<SdkTracerProvider, TelemetryError> {
    let resource = Resource::builder().with_service_name(service_name.to_owned()).build();
    let builder = SdkTracerProvider::builder().with_resource(resource);
    let Some(endpoint) = &config.otlp_endpoint else {
        let sampler = Sampler::ParentBased(Box::new(Sampler::AlwaysOff));
        return Ok(builder.with_sampler(sampler).build());
    };
    let exporter = opentelemetry_otlp::SpanExporter::builder().with_tonic().with_endpoint(endpoint).build()?;
    let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(config.sample_ratio)));
    Ok(builder.with_sampler(sampler).with_batch_exporter(exporter).build())
}

/// Returns the W3C `traceparent` of the current span; empty if there is no trace. Store it with
/// work that is continued after the span has ended.
#[must_use]
pub fn traceparent() -> String {
    let context = Span::current().context();
    let span = context.span();
    let span = span.span_context();
    if !span.is_valid() {
        return String::new();
    }
    format!("00-{}-{}-{:02x}", span.trace_id(), span.span_id(), span.trace_flags().to_u8())
}

/// Returns the id of the current trace in hexadecimal form; `None` if there is no trace.
#[must_use]
pub fn trace_id() -> Option<String> {
    let context = Span::current().context();
    let span = context.span();
    let span = span.span_context();
    span.is_valid().then(|| span.trace_id().to_string())
}

/// Makes `span` a child of the span in a `traceparent`. A malformed or empty `traceparent` is
/// ignored.
pub fn continue_trace(span: &Span, traceparent: &str) {
    if let Some(parent) = parse(traceparent)
        && let Err(error) = span.set_parent(Context::new().with_remote_span_context(parent))
    {
        tracing::debug!(%error, "cannot continue the trace of the caller");
    }
}

/// Parses a `traceparent` of the W3C Trace Context, version 00: `00-{trace}-{span}-{flags}`. Later
/// versions may have more fields, which are ignored.
fn parse(traceparent: &str) -> Option<SpanContext> {
    let mut parts = traceparent.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let lengths = [version.len(), trace.len(), span.len(), flags.len()];
    if lengths != [2, 32, 16, 2] || version == "ff" || (version == "00" && parts.next().is_some()) {
        return None;
    }
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?) & TraceFlags::SAMPLED;
    let context = SpanContext::new(
        TraceId::from_hex(trace).ok()?,
        SpanId::from_hex(span).ok()?,
        flags,
        true,
        TraceState::default(),
    );
    context.is_valid().then_some(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn with_tracing<R>(run: impl FnOnce() -> R) -> R {
        let provider = new_provider(&TelemetryConfig::default(), "test").unwrap();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), run)
    }

    #[test]
    fn continues_a_trace_across_processes() {
        with_tracing(|| {
            let span = tracing::info_span!("next");
            continue_trace(&span, PARENT);
            span.in_scope(|| {
                assert_eq!(trace_id().as_deref(), Some("4bf92f3577b34da6a3ce929d0e0e4736"));
                let next = traceparent();
                assert!(next.starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-") && next.ends_with("-01"), "{next}");
                assert!(!next.contains("00f067aa0ba902b7"), "the span is a new one: {next}");
            });
        });
    }

    #[test]
    fn without_a_trace_there_is_no_traceparent() {
        assert_eq!((traceparent(), trace_id()), (String::new(), None));
    }

    #[test]
    fn ignores_malformed_parents() {
        let zero = "00-00000000000000000000000000000000-00f067aa0ba902b7-01";
        for bad in [
            "",
            "00",
            "nonsense",
            zero,
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            &format!("{PARENT}-more"),
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
        assert!(parse(&PARENT.replacen("00", "cc", 1)).is_some(), "later versions are accepted");
    }

    /// Starts a collector that accepts every export and forwards the bytes to the returned
    /// receiver.
    async fn collector() -> (String, tokio::sync::mpsc::UnboundedReceiver<Vec<u8>>) {
        use http_body_util::{BodyExt as _, StreamBody};
        let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
        let accept = async move |request: axum::extract::Request| {
            let bytes = request.into_body().collect().await.unwrap().to_bytes();
            sender.send(bytes.to_vec()).unwrap();
            let trailers = http::HeaderMap::from_iter([("grpc-status".parse().unwrap(), "0".parse().unwrap())]);
            let frames = [
                http_body::Frame::data(axum::body::Bytes::from_static(b"\0\0\0\0\0")),
                http_body::Frame::trailers(trailers),
            ];
            let body = StreamBody::new(tokio_stream::iter(frames.map(Ok::<_, axum::Error>)));
            http::Response::builder()
                .header("content-type", "application/grpc")
                .body(axum::body::Body::new(body))
                .unwrap()
        };
        let path = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
        let routes = tonic::service::Routes::from(axum::Router::new().route(path, axum::routing::post(accept)));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let incoming = tonic::transport::server::TcpIncoming::from(listener);
        tokio::spawn(tonic::transport::Server::builder().add_routes(routes).serve_with_incoming(incoming));
        (endpoint, receiver)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn shutdown_exports_the_buffered_spans() {
        let (endpoint, mut received) = collector().await;
        let config = TelemetryConfig { otlp_endpoint: Some(endpoint), sample_ratio: 1.0, ..TelemetryConfig::default() };
        let telemetry = Telemetry { provider: new_provider(&config, "claim-intake").unwrap() };
        let layer = tracing_opentelemetry::layer().with_tracer(telemetry.provider.tracer("test"));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            tracing::info_span!("a-span-of-the-test").in_scope(|| ());
        });
        tokio::task::spawn_blocking(|| telemetry.shutdown()).await.unwrap();
        let export = String::from_utf8_lossy(&received.recv().await.unwrap()).into_owned();
        assert!(export.contains("a-span-of-the-test") && export.contains("claim-intake"), "{export}");
    }
}
