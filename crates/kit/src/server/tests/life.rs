//! What a server tells of itself, and how it ends.
use std::sync::Arc;

use cpor_proto::operations::v1::AdvanceClockRequest;
use cpor_types::{SeededEntropy, Service, SystemClock};
use tonic::Code;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use super::system::System;
use crate::{
    Metrics,
    auth::{Keys, TokenSigner},
    config::{Limits, TlsConfig},
    lifecycle::Readiness,
    server::{Server, ServerError, ServerParts, Services},
};

#[tokio::test]
async fn a_draining_server_finishes_what_it_began() {
    let system = System::new().await;
    let mut client = system.client().await;
    let request = system.request(AdvanceClockRequest::default());
    let working = tokio::spawn(async move { client.advance_clock(request).await });
    system.strings.entered.notified().await;
    system.shutdown.drain();
    system.shutdown.draining().cancelled().await;
    system.strings.release.notify_one();
    working.await.unwrap().expect("the call is finished");
    system.serving.await.unwrap().unwrap();
    assert!(!system.shutdown.hard().is_cancelled(), "softly");
    assert!(system.readiness.unready().iter().any(|one| one.why == "draining"));
}

#[tokio::test]
async fn health_follows_readiness() {
    let system = System::new().await;
    let mut health = HealthClient::new(system.channel().await);
    let name = "cpor.operations.v1.OperationsService";
    let mut watch = health.watch(HealthCheckRequest { service: name.to_owned() }).await.unwrap().into_inner();
    let mut next = async || watch.message().await.unwrap().unwrap().status();
    use tonic_health::pb::health_check_response::ServingStatus::{NotServing, Serving};
    let gate = system.readiness.gate("registry", "schema");
    while next().await != NotServing {}
    gate.ready();
    while next().await != Serving {}
    let unknown = health.check(HealthCheckRequest { service: "nothing".to_owned() }).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
}

#[tokio::test]
async fn both_reflections_list_what_is_hosted_with_comments_and_error_details() {
    use tonic_reflection::pb::v1::{
        ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
        server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
    };
    let system = System::new().await;
    let mut client = ServerReflectionClient::new(system.channel().await);
    let mut ask = async |what: MessageRequest| {
        let request = ServerReflectionRequest { host: String::new(), message_request: Some(what) };
        let answer = client.server_reflection_info(tokio_stream::once(request)).await.unwrap();
        answer.into_inner().message().await.unwrap().unwrap().message_response.unwrap()
    };
    let MessageResponse::ListServicesResponse(list) = ask(MessageRequest::ListServices(String::new())).await else {
        panic!("no list")
    };
    let names: Vec<String> = list.service.into_iter().map(|service| service.name).collect();
    assert!(
        names.contains(&"cpor.operations.v1.OperationsService".to_owned())
            && !names.contains(&"cpor.claims.v1.ClaimService".to_owned()),
        "{names:?}"
    );
    for symbol in ["cpor.operations.v1.OperationsService", "google.rpc.BadRequest"] {
        let answer = ask(MessageRequest::FileContainingSymbol(symbol.to_owned())).await;
        let MessageResponse::FileDescriptorResponse(files) = answer else { panic!("{symbol}: {answer:?}") };
        let file: prost_types::FileDescriptorProto =
            prost::Message::decode(files.file_descriptor_proto[0].as_slice()).unwrap();
        assert!(
            file.source_code_info
                .is_some_and(|info| info.location.iter().any(|place| place.leading_comments.is_some())),
            "{symbol}"
        );
    }
    let mut alpha =
        tonic_reflection::pb::v1alpha::server_reflection_client::ServerReflectionClient::new(system.channel().await);
    let request = tonic_reflection::pb::v1alpha::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(tonic_reflection::pb::v1alpha::server_reflection_request::MessageRequest::ListServices(
            String::new(),
        )),
    };
    let answer = alpha.server_reflection_info(tokio_stream::once(request)).await.unwrap();
    assert!(answer.into_inner().message().await.unwrap().is_some());
}

#[tokio::test]
async fn an_undescribed_service_is_not_served() {
    let services = Services::default().add_routes(
        Service::Registry,
        &["cpor.nothing.v1.Service"],
        tonic::service::Routes::default(),
    );
    let signer = TokenSigner::generate("cpor", Arc::new(SystemClock)).unwrap();
    let parts = ServerParts {
        keys: Arc::new(Keys::new("cpor", &signer.jwks(), &signer.jwks()).unwrap()),
        limits: Limits::default(),
        tls: TlsConfig::default(),
        metrics: Metrics::new(),
        readiness: Readiness::new(),
        entropy: Arc::new(SeededEntropy::new(1)),
    };
    assert!(matches!(Server::prepare(parts, services), Err(ServerError::Access(errors)) if errors.len() == 1));
}
