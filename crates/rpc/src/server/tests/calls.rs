//! Tests of unary calls.
use cpor_proto::operations::v1::{AdvanceClockRequest, GetClockRequest, ListDeadlinesRequest, RetryStreamRequest};
use tonic::{Code, Status};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use super::fixture::{TestServer, code_and_reason, expected, start};
use crate::{
    config::{Limits, TlsConfig},
    server::REQUEST_ID,
};
use cpor_call::status::{metadata, reason, retry_after};

#[tokio::test]
async fn responses_contain_the_request_id() {
    let server = TestServer::new().await;
    let mut client = server.client().await;
    let mut request = server.request(GetClockRequest {});
    request.metadata_mut().insert(REQUEST_ID, "mine".parse().unwrap());
    let response = client.get_clock(request).await.unwrap();
    assert_eq!(response.metadata().get(REQUEST_ID).unwrap(), "mine");
    assert!(response.into_inner().is_virtual);

    let refused = client.get_clock(GetClockRequest {}).await.unwrap_err();
    assert_eq!(refused.metadata().get(REQUEST_ID).unwrap().len(), 36, "an error has a request id too");
    assert_eq!((refused.code(), reason(&refused).as_deref()), (Code::Unauthenticated, Some("UNAUTHENTICATED")));
}

/// Makes a call without the client of tonic, which would refuse some of the calls itself. Returns
/// the status in the headers of the response.
async fn raw_call(server: &TestServer, path: &str, headers: &[(&str, &str)], body: &'static [u8]) -> Status {
    let stream = tokio::net::TcpStream::connect(server.address.trim_start_matches("http://")).await.unwrap();
    let io = hyper_util::rt::TokioIo::new(stream);
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(hyper_util::rt::TokioExecutor::new(), io).await.unwrap();
    tokio::spawn(connection);
    let mut request = http::Request::post(format!("{}{path}", server.address))
        .header("content-type", "application/grpc")
        .header("authorization", format!("Bearer {}", server.token()));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = sender
        .send_request(request.body(http_body_util::Full::new(axum::body::Bytes::from_static(body))).unwrap())
        .await
        .unwrap();
    Status::from_header_map(response.headers()).unwrap()
}

#[tokio::test]
async fn reports_an_exceeded_deadline() {
    let server = TestServer::new().await;
    let status = raw_call(
        &server,
        "/cpor.operations.v1.OperationsService/ListStreams",
        &[("grpc-timeout", "20m")],
        b"\0\0\0\0\0",
    )
    .await;
    assert_eq!(code_and_reason(Err::<(), _>(status)), expected(Code::DeadlineExceeded, "DEADLINE_EXCEEDED"));
}

#[tokio::test]
async fn refuses_requests_above_the_limit() {
    let server = start(Limits { max_concurrent_requests: 1, ..Limits::default() }, TlsConfig::default()).await;
    let (mut first, mut second) = (server.client().await, server.client().await);
    let running = {
        let request = server.request(AdvanceClockRequest::default());
        tokio::spawn(async move { first.advance_clock(request).await })
    };
    server.controls.entered.notified().await;
    let refused = second.get_clock(server.request(GetClockRequest {})).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_deref()), (Code::ResourceExhausted, Some("OVERLOADED")));
    assert!(retry_after(&refused).is_some());
    let health = HealthClient::new(server.channel().await).check(HealthCheckRequest::default()).await;
    assert!(health.is_ok(), "health is always admitted");
    server.controls.release.notify_one();
    running.await.unwrap().unwrap();
    second.get_clock(server.request(GetClockRequest {})).await.unwrap();
    assert!(server.metrics.encode().contains("rpc_server_sheds_total{} 1"));
}

/// A user declares a message of 60 KiB that does not arrive. It counts twice, so nothing is left of
/// the user's 128 KiB.
#[tokio::test]
async fn a_declared_message_takes_memory_until_its_call_ends() {
    use axum::body::Bytes;
    use http_body::Frame;
    use tokio_stream::StreamExt as _;
    let limits = Limits { max_message_bytes: 64 << 10, max_request_bytes: 48 * (64 << 10), ..Limits::default() };
    let server = start(limits, TlsConfig::default()).await;
    let stream = tokio::net::TcpStream::connect(server.address.trim_start_matches("http://")).await.unwrap();
    let io = hyper_util::rt::TokioIo::new(stream);
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(hyper_util::rt::TokioExecutor::new(), io).await.unwrap();
    tokio::spawn(connection);
    let prefix =
        tokio_stream::once(Ok::<_, std::convert::Infallible>(Frame::data(Bytes::from_static(b"\0\0\0\xf0\0"))));
    let request = http::Request::post(format!("{}/cpor.operations.v1.OperationsService/RetryStream", server.address))
        .header("content-type", "application/grpc")
        .header("authorization", format!("Bearer {}", server.token()))
        .body(http_body_util::StreamBody::new(prefix.chain(tokio_stream::pending())))
        .unwrap();
    let declared = tokio::spawn(sender.send_request(request));

    let mut client = server.client().await;
    let mut call = async || {
        let message = RetryStreamRequest { name: "x".repeat(60 << 10), ..Default::default() };
        client.retry_stream(server.request(message)).await.unwrap_err()
    };
    let refused = loop {
        let status = call().await;
        if reason(&status).as_deref() == Some("TOO_MANY_REQUEST_BYTES") {
            break status;
        }
    };
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert_eq!(metadata(&refused, "limit").as_deref(), Some("131072"));
    assert!(retry_after(&refused).is_some());
    server.client().await.get_clock(server.request(GetClockRequest {})).await.expect("small messages are admitted");
    declared.abort();
    while reason(&call().await).as_deref() == Some("TOO_MANY_REQUEST_BYTES") {}
}

#[tokio::test]
async fn a_panic_affects_one_call_and_leaks_nothing() {
    let server = TestServer::new().await;
    let mut client = server.client().await;
    let panicked =
        client.retry_stream(server.request(RetryStreamRequest { name: "x".to_owned(), ..Default::default() })).await;
    assert_eq!(code_and_reason(panicked), expected(Code::Internal, "INTERNAL"));
    let service = cpor_proto::options::v1::Service::Registry.into();
    let leaked = client.list_deadlines(server.request(ListDeadlinesRequest { service, ..Default::default() })).await;
    assert_eq!(code_and_reason(leaked), expected(Code::Internal, "INTERNAL"));
    client.get_clock(server.request(GetClockRequest {})).await.expect("the connection stays open");
}

#[tokio::test]
async fn refuses_malformed_and_large_messages() {
    let server = TestServer::new().await;
    let mut client = server.client().await;
    let huge = RetryStreamRequest { name: "x".repeat(65 << 10), ..Default::default() };
    assert_eq!(
        code_and_reason(client.retry_stream(server.request(huge)).await),
        expected(Code::ResourceExhausted, "MESSAGE_TOO_LARGE")
    );

    let call =
        async |path: &str, body: &'static [u8]| code_and_reason(Err::<(), _>(raw_call(&server, path, &[], body).await));
    let garbage = b"\0\0\0\0\x03\xff\xff\xff";
    assert_eq!(
        call("/cpor.operations.v1.OperationsService/GetClock", garbage).await,
        expected(Code::InvalidArgument, "MALFORMED_MESSAGE")
    );
    assert_eq!(
        call("/cpor.operations.v1.OperationsService/GetClock", b"").await,
        expected(Code::InvalidArgument, "MALFORMED_MESSAGE")
    );
    for path in ["/cpor.operations.v1.OperationsService/Nothing", "/cpor.claims.v1.ClaimService/GetClaim", "/"] {
        assert_eq!(call(path, b"\0\0\0\0\0").await, expected(Code::Unimplemented, "UNKNOWN_METHOD"), "{path}");
    }
}

#[tokio::test]
async fn reports_invalid_fields_to_the_client() {
    let server = TestServer::new().await;
    let mut client = server.client().await;
    let refused = client
        .list_deadlines(server.request(ListDeadlinesRequest { page_size: -1, ..Default::default() }))
        .await
        .unwrap_err();
    let fields: Vec<String> =
        cpor_call::status::field_violations(&refused).into_iter().map(|violation| violation.field).collect();
    assert_eq!((refused.code(), fields), (Code::InvalidArgument, vec!["service".to_owned(), "page_size".to_owned()]));
}

#[tokio::test]
async fn counts_calls_by_method_and_code() {
    let server = TestServer::new().await;
    let mut client = server.client().await;
    client.get_clock(server.request(GetClockRequest {})).await.unwrap();
    client.get_clock(GetClockRequest {}).await.unwrap_err();
    let text = server.metrics.encode();
    for code in ["0", "16"] {
        let series = format!(
            "rpc_server_duration_seconds_count{{rpc_service=\"cpor.operations.v1.OperationsService\",rpc_method=\"GetClock\",rpc_grpc_status_code=\"{code}\"}} 1"
        );
        assert!(text.contains(&series), "{text}");
    }
    assert!(text.contains("rpc_server_active_requests{} 0.0"), "{text}");
}
