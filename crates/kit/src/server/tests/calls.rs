//! What single calls are answered.
use cpor_proto::operations::v1::{AdvanceClockRequest, GetClockRequest, ListDeadlinesRequest, RetryStreamRequest};
use tonic::{Code, Status};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use super::system::{System, expected, refusal, start};
use crate::{
    config::{Limits, TlsConfig},
    server::REQUEST_ID,
    status::{reason, retry_after},
};

#[tokio::test]
async fn a_call_is_answered_with_its_request_id() {
    let system = System::new().await;
    let mut client = system.client().await;
    let mut request = system.request(GetClockRequest {});
    request.metadata_mut().insert(REQUEST_ID, "mine".parse().unwrap());
    let answer = client.get_clock(request).await.unwrap();
    assert_eq!(answer.metadata().get(REQUEST_ID).unwrap(), "mine");
    assert!(answer.into_inner().is_virtual);

    let refused = client.get_clock(GetClockRequest {}).await.unwrap_err();
    assert_eq!(refused.metadata().get(REQUEST_ID).unwrap().len(), 36, "a refusal has one too");
    assert_eq!((refused.code(), reason(&refused).as_deref()), (Code::Unauthenticated, Some("UNAUTHENTICATED")));
}

/// A call without tonic's client, which would answer some of these by itself: the head of the answer.
async fn raw(system: &System, path: &str, headers: &[(&str, &str)], body: &'static [u8]) -> Status {
    let stream = tokio::net::TcpStream::connect(system.address.trim_start_matches("http://")).await.unwrap();
    let io = hyper_util::rt::TokioIo::new(stream);
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(hyper_util::rt::TokioExecutor::new(), io).await.unwrap();
    tokio::spawn(connection);
    let mut request = http::Request::post(format!("{}{path}", system.address))
        .header("content-type", "application/grpc")
        .header("authorization", format!("Bearer {}", system.token()));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = sender
        .send_request(request.body(http_body_util::Full::new(axum::body::Bytes::from_static(body))).unwrap())
        .await
        .unwrap();
    Status::from_header_map(answer.headers()).unwrap()
}

#[tokio::test]
async fn a_call_that_outlives_its_deadline_is_told_so() {
    let system = System::new().await;
    let status =
        raw(&system, "/cpor.operations.v1.OperationsService/ListStreams", &[("grpc-timeout", "20m")], b"\0\0\0\0\0")
            .await;
    assert_eq!(refusal(Err::<(), _>(status)), expected(Code::DeadlineExceeded, "DEADLINE_EXCEEDED"));
}

#[tokio::test]
async fn more_than_fits_is_shed_with_an_answer() {
    let system = start(Limits { max_concurrent_requests: 1, ..Limits::default() }, TlsConfig::default()).await;
    let (mut first, mut second) = (system.client().await, system.client().await);
    let working = {
        let request = system.request(AdvanceClockRequest::default());
        tokio::spawn(async move { first.advance_clock(request).await })
    };
    system.strings.entered.notified().await;
    let shed = second.get_clock(system.request(GetClockRequest {})).await.unwrap_err();
    assert_eq!((shed.code(), reason(&shed).as_deref()), (Code::ResourceExhausted, Some("OVERLOADED")));
    assert!(retry_after(&shed).is_some());
    let health = HealthClient::new(system.channel().await).check(HealthCheckRequest::default()).await;
    assert!(health.is_ok(), "health gets through");
    system.strings.release.notify_one();
    working.await.unwrap().unwrap();
    second.get_clock(system.request(GetClockRequest {})).await.unwrap();
    assert!(system.metrics.encode().contains("rpc_server_sheds_total{} 1"));
}

#[tokio::test]
async fn a_panic_is_one_calls_own_and_nothing_leaks() {
    let system = System::new().await;
    let mut client = system.client().await;
    let panicked = client.retry_stream(system.request(RetryStreamRequest { name: "x".to_owned() })).await;
    assert_eq!(refusal(panicked), expected(Code::Internal, "INTERNAL"));
    let service = cpor_proto::options::v1::Service::Registry.into();
    let leaked = client.list_deadlines(system.request(ListDeadlinesRequest { service, ..Default::default() })).await;
    assert_eq!(refusal(leaked), expected(Code::Internal, "INTERNAL"));
    client.get_clock(system.request(GetClockRequest {})).await.expect("the connection lives on");
}

#[tokio::test]
async fn what_is_no_message_is_refused_precisely() {
    let system = System::new().await;
    let mut client = system.client().await;
    let huge = RetryStreamRequest { name: "x".repeat(65 << 10) };
    assert_eq!(
        refusal(client.retry_stream(system.request(huge)).await),
        expected(Code::ResourceExhausted, "MESSAGE_TOO_LARGE")
    );

    let call = async |path: &str, body: &'static [u8]| refusal(Err::<(), _>(raw(&system, path, &[], body).await));
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
async fn invalid_fields_come_through_the_whole_stack() {
    let system = System::new().await;
    let mut client = system.client().await;
    let refused = client
        .list_deadlines(system.request(ListDeadlinesRequest { page_size: -1, ..Default::default() }))
        .await
        .unwrap_err();
    let fields: Vec<String> = crate::status::violations(&refused).into_iter().map(|one| one.field).collect();
    assert_eq!((refused.code(), fields), (Code::InvalidArgument, vec!["service".to_owned(), "page_size".to_owned()]));
}

#[tokio::test]
async fn every_call_is_counted_under_its_method_and_code() {
    let system = System::new().await;
    let mut client = system.client().await;
    client.get_clock(system.request(GetClockRequest {})).await.unwrap();
    client.get_clock(GetClockRequest {}).await.unwrap_err();
    let text = system.metrics.encode();
    for code in ["0", "16"] {
        let series = format!(
            "rpc_server_duration_seconds_count{{rpc_service=\"cpor.operations.v1.OperationsService\",rpc_method=\"GetClock\",rpc_grpc_status_code=\"{code}\"}} 1"
        );
        assert!(text.contains(&series), "{text}");
    }
    assert!(text.contains("rpc_server_active_requests{} 0.0"), "{text}");
}
