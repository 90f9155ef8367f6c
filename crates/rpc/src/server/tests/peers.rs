//! Tests of calls between services and of TLS.
use std::time::Duration;

use cpor_proto::{
    events::v1::{DeliverEventsRequest, event_service_client::EventServiceClient},
    operations::v1::{GetClockRequest, operations_service_client::OperationsServiceClient},
};
use cpor_types::{Actor, ActorSide, Service};
use tonic::{Code, Status, transport::Channel};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use super::fixture::{TestServer, code_and_reason, expected, start};
use crate::{
    Peers,
    config::{Limits, PeersConfig, TlsConfig},
};

#[tokio::test]
async fn peer_calls_name_the_service_and_the_person() {
    let server = TestServer::new().await;
    let channel = server.peers().channel_as_service(Service::Registry).unwrap();
    let request = DeliverEventsRequest::default();
    EventServiceClient::new(channel).deliver_events(request.clone()).await.unwrap();
    let (caller, remaining, id) = server.controls.last_call.lock().unwrap().take().unwrap();
    assert_eq!((caller.service, caller.actor), (Some(Service::ClaimIntake), Actor::system(Service::ClaimIntake)));
    assert!(
        remaining <= Duration::from_secs(10) && remaining > Duration::from_secs(5) && id.is_some(),
        "{remaining:?} {id:?}"
    );

    // Nobody delivers events on behalf of a person.
    let alice = Actor::new(ActorSide::Partner, "alice@contoso.example");
    let channel = server.peers().channel(Service::Registry, &alice).unwrap();
    let refused = EventServiceClient::new(channel).deliver_events(request).await;
    assert_eq!(code_and_reason(refused), expected(Code::PermissionDenied, "ACTOR_NOT_ALLOWED"));

    let channel = server.peers().channel_as_service(Service::Registry).unwrap();
    let refused = OperationsServiceClient::new(channel).get_clock(GetClockRequest {}).await;
    assert_eq!(code_and_reason(refused), expected(Code::PermissionDenied, "SERVICE_NOT_ALLOWED"));
    assert!(
        server.peers().channel(Service::Eligibility, &Actor::time()).is_err(),
        "the address of the peer is not configured"
    );
}

#[tokio::test]
async fn a_certificate_enables_tls() {
    let directory = tempfile::tempdir().unwrap();
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (directory.path().join("cert.pem"), directory.path().join("key.pem"));
    std::fs::write(&certificate, certified.cert.pem()).unwrap();
    std::fs::write(&key, certified.signing_key.serialize_pem()).unwrap();
    let server = start(
        Limits::default(),
        TlsConfig { certificate_file: Some(certificate.clone()), key_file: Some(key), ..TlsConfig::default() },
    )
    .await;
    let config =
        PeersConfig { registry: Some(server.address.clone()), ca_file: Some(certificate), ..PeersConfig::default() };
    let peers = Peers::new(&config, server.claim_intake.clone()).unwrap();
    let channel = peers.channel_as_service(Service::Registry).unwrap();
    EventServiceClient::new(channel).deliver_events(DeliverEventsRequest::default()).await.unwrap();

    let plain_address = server.address.replace("https", "http");
    let client = Channel::from_shared(plain_address).unwrap().connect().await.map(HealthClient::new);
    let result = match client {
        Ok(mut client) => client.check(HealthCheckRequest::default()).await.map(drop),
        Err(error) => Err(Status::from_error(error.into())),
    };
    assert!(result.is_err(), "plain text is refused");
}
