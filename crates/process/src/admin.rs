//! The HTTP listener for operators. It serves liveness, readiness and metrics, and must not be
//! reachable from outside.
use std::time::Duration;

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::IntoResponse,
    routing::get,
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    lifecycle::Readiness,
    listener::{ConnectionLimits, LimitedListener, serve_http1},
    metrics::Metrics,
};

/// The state that the handlers of the admin listener read.
#[derive(Clone, Debug)]
pub struct AdminState {
    /// The readiness that `/ready` reports.
    pub readiness: Readiness,
    /// The metrics that `/metrics` encodes.
    pub metrics: Metrics,
}

/// The limits for the connections of operators and of the systems that watch the process.
const CONNECTION_LIMITS: ConnectionLimits = ConnectionLimits {
    max_open: 256,
    max_open_per_address: 64,
    setup_timeout: Duration::from_secs(10),
    write_timeout: Duration::from_secs(10),
    idle_timeout: None,
    max_lifetime: None,
};

/// The response of `/`, which names the endpoints.
const INDEX: &str = "\
This is the admin listener of cpor, for operators:
/live     the process runs
/ready    the process can serve requests; otherwise the failed checks
/metrics  metrics in the OpenMetrics text format
";

/// Serves `/live`, `/ready` and `/metrics` until `shutdown` is cancelled.
///
/// Cancel `shutdown` only after draining (the phase in which running requests finish), because a
/// process that finishes its last requests is not ready but still live.
pub async fn serve(listener: TcpListener, admin: AdminState, shutdown: CancellationToken) {
    let listener = LimitedListener::new(listener, "admin", CONNECTION_LIMITS, &admin.metrics);
    serve_http1(listener, routes(admin), shutdown).await;
}

/// Returns the router with the three endpoints, and `/`, which names them.
pub fn routes(admin: AdminState) -> Router {
    Router::new()
        .route("/", get(async || INDEX))
        .route("/live", get(async || "live\n"))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics))
        .with_state(admin)
}

/// Returns 200 if the process is ready. Otherwise returns 503 and one line for each failed check,
/// for example `registry/schema: needs schema 3, finds 2`.
async fn ready(State(admin): State<AdminState>) -> impl IntoResponse {
    let failed_checks = admin.readiness.failed_checks();
    if failed_checks.is_empty() {
        return (StatusCode::OK, "ready\n".to_owned());
    }
    let lines = failed_checks.iter().map(|check| match check.scope.as_str() {
        "" => format!("{}: {}\n", check.name, check.reason),
        scope => format!("{scope}/{}: {}\n", check.name, check.reason),
    });
    (StatusCode::SERVICE_UNAVAILABLE, lines.collect())
}

/// Returns all metrics in the OpenMetrics text format.
async fn metrics(State(admin): State<AdminState>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], admin.metrics.encode())
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;

    async fn get_page(admin: &AdminState, path: &str) -> (StatusCode, String) {
        let request = http::Request::get(path).body(Body::empty()).unwrap();
        let response = routes(admin.clone()).oneshot(request).await.unwrap();
        let status = response.status();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn ready_names_each_failed_check() {
        let admin = AdminState { readiness: Readiness::new(), metrics: Metrics::new() };
        let schema_check = admin.readiness.add_check("registry", "schema");
        schema_check.set_not_ready("needs schema 3, finds 2");
        assert_eq!(
            get_page(&admin, "/ready").await,
            (StatusCode::SERVICE_UNAVAILABLE, "registry/schema: needs schema 3, finds 2\n".to_owned())
        );
        assert_eq!(get_page(&admin, "/live").await.0, StatusCode::OK);
        schema_check.set_ready();
        assert_eq!(get_page(&admin, "/ready").await, (StatusCode::OK, "ready\n".to_owned()));
    }

    #[tokio::test]
    async fn the_index_names_the_endpoints() {
        let admin = AdminState { readiness: Readiness::new(), metrics: Metrics::new() };
        let (status, text) = get_page(&admin, "/").await;
        assert_eq!(status, StatusCode::OK);
        for path in text.lines().filter_map(|line| line.split(' ').next().filter(|word| word.starts_with('/'))) {
            assert_ne!(get_page(&admin, path).await.0, StatusCode::NOT_FOUND, "{path}");
        }
        assert_eq!(text.matches("\n/").count(), 3);
    }

    #[tokio::test]
    async fn metrics_use_the_open_metrics_format() {
        let admin = AdminState { readiness: Readiness::new(), metrics: Metrics::new() };
        admin.metrics.counter("cpor_x", "X").add(&[], 1);
        let (_, text) = get_page(&admin, "/metrics").await;
        assert!(text.contains("cpor_x_total{} 1") && text.ends_with("# EOF\n"), "{text}");
    }
}
