//! Tests of the admission and deadline middleware with streams.
use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::Request,
    middleware::{Next, from_fn},
};
use http_body_util::BodyExt as _;
use tonic::{Code, Status};
use tower::ServiceExt as _;

use super::fixture::{code_and_reason, expected};
use crate::{
    config::Limits,
    server::{admission, deadline},
};
use cpor_auth::{Access, Method};
use cpor_call::status::reason;
use cpor_process::Metrics;

fn endless_response() -> Router {
    Router::new().fallback(async || {
        Body::new(http_body_util::StreamBody::new(tokio_stream::pending::<
            Result<http_body::Frame<axum::body::Bytes>, axum::Error>,
        >()))
    })
}

fn streaming_request() -> http::Request<Body> {
    let method = Method {
        service: "a".to_owned(),
        name: "b".to_owned(),
        access: Access::Restricted {
            roles: vec![],
            services: vec![],
            on_behalf_of: vec![],
            owner_field: vec![],
            skip_owner_check_for_customers: false,
        },
        audiences: vec![],
        is_streaming: true,
        is_client_streaming: false,
    };
    let mut request = http::Request::get("/a/b").header("grpc-timeout", "1S").body(Body::empty()).unwrap();
    request.extensions_mut().insert(Arc::new(method));
    request
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_at_its_deadline_with_an_error() {
    let deadlines = deadline::Deadlines::new(&Limits::default());
    let router = endless_response()
        .layer(from_fn(move |request, next: Next| deadline::limit(deadlines, request, |request| next.run(request))));
    let start = tokio::time::Instant::now();
    let response = router.oneshot(streaming_request()).await.unwrap().into_body().collect().await.unwrap();
    let status = Status::from_header_map(response.trailers().unwrap()).unwrap();
    assert_eq!((status.code(), reason(&status).as_deref()), (Code::DeadlineExceeded, Some("DEADLINE_EXCEEDED")));
    assert!(start.elapsed() <= Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_call_ends_at_its_deadline_with_an_error() {
    let deadlines = deadline::Deadlines::new(&Limits::default());
    let router = Router::new()
        .fallback(async || std::future::pending::<()>().await)
        .layer(from_fn(move |request, next: Next| deadline::limit(deadlines, request, |request| next.run(request))));
    let call = async |timeout: &str| {
        let request = http::Request::get("/a/b").header("grpc-timeout", timeout).body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        code_and_reason(Status::from_header_map(response.headers()).map_or(Ok(()), Err))
    };
    assert_eq!(call("1S").await, expected(Code::DeadlineExceeded, "DEADLINE_EXCEEDED"));
    assert_eq!(call("soon").await, expected(Code::InvalidArgument, "INVALID_TIMEOUT"));
}

#[tokio::test]
async fn a_stream_keeps_its_permit_until_it_ends() {
    let limits = Limits { max_concurrent_streams: 1, ..Limits::default() };
    let admission = Arc::new(admission::Admission::new(&limits, &Metrics::new()));
    let router = endless_response().layer(from_fn(move |request: Request, next: Next| {
        let admission = Arc::clone(&admission);
        async move { admission::admit(&admission, request, |request| next.run(request)).await }
    }));
    let send = async || router.clone().oneshot(streaming_request()).await.unwrap();
    let first = send().await;
    assert!(!first.headers().contains_key("grpc-status"));
    assert_eq!(Status::from_header_map(send().await.headers()).unwrap().code(), Code::ResourceExhausted);
    drop(first);
    assert!(!send().await.headers().contains_key("grpc-status"));
}

#[tokio::test]
async fn a_stream_frees_the_memory_of_its_request() {
    let (limits, mut responses) = (Limits::default(), Vec::new());
    let admission = Arc::new(admission::Admission::new(&limits, &Metrics::new()));
    let router = Router::new()
        .fallback(async |request: Request| {
            request.into_body().collect().await.unwrap();
            Body::new(http_body_util::StreamBody::new(tokio_stream::pending::<
                Result<http_body::Frame<axum::body::Bytes>, axum::Error>,
            >()))
        })
        .layer(from_fn(move |request: Request, next: Next| {
            let admission = Arc::clone(&admission);
            async move { admission::admit(&admission, request, |request| next.run(request)).await }
        }));
    // The length of a message of 4 MiB, which counts twice, so that all requests together exceed
    // the memory.
    let header = axum::body::Bytes::from_static(b"\0\0\x40\0\0");
    for _ in 0..limits.max_request_bytes / (8 << 20) {
        let request = streaming_request().map(|_| Body::from(header.clone()));
        let response = router.clone().oneshot(request).await.unwrap();
        let status = Status::from_header_map(response.headers());
        assert!(status.is_none(), "stream {}: {status:?}", responses.len());
        responses.push(response);
    }
}
