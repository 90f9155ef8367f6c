//! Tests of health, reflection and shutdown.
use std::sync::Arc;

use cpor_proto::operations::v1::AdvanceClockRequest;
use cpor_types::{SeededEntropy, Service, SystemClock};
use tonic::Code;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use super::fixture::{TestServer, start};
use crate::{
    config::{Limits, TlsConfig},
    server::{GrpcServices, Server, ServerDependencies, ServerError},
};
use cpor_auth::{ServiceSigner, TokenSigner, VerificationKeys};
use cpor_process::{Metrics, lifecycle::Readiness};

#[tokio::test]
async fn a_draining_server_finishes_running_calls() {
    let server = TestServer::new().await;
    let mut client = server.client().await;
    let request = server.request(AdvanceClockRequest::default());
    let running = tokio::spawn(async move { client.advance_clock(request).await });
    server.controls.entered.notified().await;
    server.shutdown.drain();
    server.shutdown.drain_token().cancelled().await;
    server.controls.release.notify_one();
    running.await.unwrap().expect("the call is finished");
    server.serving.await.unwrap().unwrap();
    assert!(!server.shutdown.abort_token().is_cancelled(), "the grace period is not over");
    assert!(server.readiness.failed_checks().iter().any(|check| check.reason == "draining"));
}

#[tokio::test]
async fn an_old_connection_ends_after_its_calls() {
    let limits = Limits { max_connection_age_seconds: 10, ..Limits::default() };
    let started = tokio::time::Instant::now();
    let server = start(limits, TlsConfig::default()).await;
    let stream = tokio::net::TcpStream::connect(server.address.trim_start_matches("http://")).await.unwrap();
    let io = hyper_util::rt::TokioIo::new(stream);
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(hyper_util::rt::TokioExecutor::new(), io).await.unwrap();
    let connection = tokio::spawn(connection);
    let request = http::Request::post(format!("{}/cpor.operations.v1.OperationsService/AdvanceClock", server.address))
        .header("content-type", "application/grpc")
        .header("grpc-timeout", "5M")
        .header("authorization", format!("Bearer {}", server.token()))
        .body(http_body_util::Full::new(axum::body::Bytes::from_static(b"\0\0\0\0\0")))
        .unwrap();
    let running = tokio::spawn(sender.send_request(request));
    server.controls.entered.notified().await;
    // From now on the clock jumps to the next timer when nothing else can run.
    tokio::time::pause();
    tokio::time::sleep(std::time::Duration::from_secs(11)).await;
    server.controls.release.notify_one();
    assert_eq!(running.await.unwrap().unwrap().status(), http::StatusCode::OK, "the running call is finished");
    connection.await.unwrap().expect("the connection ends in order, because the client was asked to leave it");
    assert!(started.elapsed() < std::time::Duration::from_secs(60), "and not at the end of its lifetime");
    assert!(sender.ready().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_sends_no_request_is_closed() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let server = TestServer::new().await;
    for first_bytes in
        [&b""[..], b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"]
    {
        let address = server.address.trim_start_matches("http://");
        let mut client = tokio::net::TcpStream::connect(address).await.unwrap();
        client.write_all(first_bytes).await.unwrap();
        let (mut answer, start) = (Vec::new(), tokio::time::Instant::now());
        let (Ok(_) | Err(_)) = client.read_to_end(&mut answer).await;
        assert!(start.elapsed() <= std::time::Duration::from_secs(25), "closed after the setup timeout");
    }
}

#[tokio::test]
async fn health_reports_readiness() {
    let server = TestServer::new().await;
    let mut health = HealthClient::new(server.channel().await);
    let name = "cpor.operations.v1.OperationsService";
    let mut watch = health.watch(HealthCheckRequest { service: name.to_owned() }).await.unwrap().into_inner();
    let mut next = async || watch.message().await.unwrap().unwrap().status();
    use tonic_health::pb::health_check_response::ServingStatus::{NotServing, Serving};
    let schema_check = server.readiness.add_check("registry", "schema");
    while next().await != NotServing {}
    schema_check.set_ready();
    while next().await != Serving {}
    let unknown = health.check(HealthCheckRequest { service: "nothing".to_owned() }).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
}

#[tokio::test]
async fn reflection_lists_hosted_services_with_comments() {
    use tonic_reflection::pb::v1::{
        ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
        server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
    };
    let server = TestServer::new().await;
    let mut client = ServerReflectionClient::new(server.channel().await);
    let mut query = async |query: MessageRequest| {
        let request = ServerReflectionRequest { host: String::new(), message_request: Some(query) };
        let response = client.server_reflection_info(tokio_stream::once(request)).await.unwrap();
        response.into_inner().message().await.unwrap().unwrap().message_response.unwrap()
    };
    let MessageResponse::ListServicesResponse(list) = query(MessageRequest::ListServices(String::new())).await else {
        panic!("no list")
    };
    let names: Vec<String> = list.service.into_iter().map(|service| service.name).collect();
    assert!(
        names.contains(&"cpor.operations.v1.OperationsService".to_owned())
            && !names.contains(&"cpor.claims.v1.ClaimService".to_owned()),
        "{names:?}"
    );
    for symbol in ["cpor.operations.v1.OperationsService", "google.rpc.BadRequest"] {
        let response = query(MessageRequest::FileContainingSymbol(symbol.to_owned())).await;
        let MessageResponse::FileDescriptorResponse(files) = response else { panic!("{symbol}: {response:?}") };
        let file: prost_types::FileDescriptorProto =
            prost::Message::decode(files.file_descriptor_proto[0].as_slice()).unwrap();
        assert!(
            file.source_code_info
                .is_some_and(|info| info.location.iter().any(|location| location.leading_comments.is_some())),
            "{symbol}"
        );
    }
    let mut v1alpha =
        tonic_reflection::pb::v1alpha::server_reflection_client::ServerReflectionClient::new(server.channel().await);
    let request = tonic_reflection::pb::v1alpha::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(tonic_reflection::pb::v1alpha::server_reflection_request::MessageRequest::ListServices(
            String::new(),
        )),
    };
    let response = v1alpha.server_reflection_info(tokio_stream::once(request)).await.unwrap();
    assert!(response.into_inner().message().await.unwrap().is_some());
}

#[tokio::test]
async fn refuses_a_service_without_descriptor() {
    let services = GrpcServices::default().add_routes(
        Service::Registry,
        &["cpor.nothing.v1.Service"],
        tonic::service::Routes::default(),
    );
    let signer = TokenSigner::generate("cpor", Arc::new(SystemClock)).unwrap();
    let service = ServiceSigner::generate(Service::Registry, Arc::new(SystemClock)).unwrap();
    let dependencies = ServerDependencies {
        keys: Arc::new(VerificationKeys::new("cpor", &signer.jwks(), &service.jwks()).unwrap()),
        limits: Limits::default(),
        tls: TlsConfig::default(),
        metrics: Metrics::new(),
        readiness: Readiness::new(),
        entropy: Arc::new(SeededEntropy::new(1)),
        directory: None,
    };
    assert!(matches!(Server::prepare(dependencies, services), Err(ServerError::Access(errors)) if errors.len() == 1));
}
