//! The operators' listener: whether the process lives, whether it is ready, and its metrics. Never public.
use axum::{
    Router,
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::IntoResponse,
    routing::get,
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{lifecycle::Readiness, metrics::Metrics};

/// What the listener shows.
#[derive(Clone, Debug)]
pub struct Admin {
    /// For `/ready`.
    pub readiness: Readiness,
    /// For `/metrics`.
    pub metrics: Metrics,
}

/// Answers `/live`, `/ready` and `/metrics` until `until` is cancelled. That is after draining: a process that
/// finishes its work is alive, and not ready.
///
/// # Errors
/// The listener fails.
pub async fn serve(listener: TcpListener, admin: Admin, until: CancellationToken) -> std::io::Result<()> {
    axum::serve(listener, routes(admin)).with_graceful_shutdown(until.cancelled_owned()).await
}

/// The three pages.
pub fn routes(admin: Admin) -> Router {
    Router::new()
        .route("/live", get(async || "live\n"))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics))
        .with_state(admin)
}

/// 200, or 503 with one line for each thing that is not ready: `registry/schema: needs schema 3, finds 2`.
async fn ready(State(admin): State<Admin>) -> impl IntoResponse {
    let unready = admin.readiness.unready();
    if unready.is_empty() {
        return (StatusCode::OK, "ready\n".to_owned());
    }
    let lines = unready.iter().map(|one| match one.scope.as_str() {
        "" => format!("{}: {}\n", one.what, one.why),
        scope => format!("{scope}/{}: {}\n", one.what, one.why),
    });
    (StatusCode::SERVICE_UNAVAILABLE, lines.collect())
}

async fn metrics(State(admin): State<Admin>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], admin.metrics.encode())
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;

    async fn get_page(admin: &Admin, path: &str) -> (StatusCode, String) {
        let request = http::Request::get(path).body(Body::empty()).unwrap();
        let response = routes(admin.clone()).oneshot(request).await.unwrap();
        let status = response.status();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn what_is_not_ready_is_named() {
        let admin = Admin { readiness: Readiness::new(), metrics: Metrics::new() };
        let gate = admin.readiness.gate("registry", "schema");
        gate.not_ready("needs schema 3, finds 2");
        assert_eq!(
            get_page(&admin, "/ready").await,
            (StatusCode::SERVICE_UNAVAILABLE, "registry/schema: needs schema 3, finds 2\n".to_owned())
        );
        assert_eq!(get_page(&admin, "/live").await.0, StatusCode::OK);
        gate.ready();
        assert_eq!(get_page(&admin, "/ready").await, (StatusCode::OK, "ready\n".to_owned()));
    }

    #[tokio::test]
    async fn metrics_are_open_metrics() {
        let admin = Admin { readiness: Readiness::new(), metrics: Metrics::new() };
        admin.metrics.counter("cpor_x", "X").add(&[], 1);
        let (_, text) = get_page(&admin, "/metrics").await;
        assert!(text.contains("cpor_x_total{} 1") && text.ends_with("# EOF\n"), "{text}");
    }
}
