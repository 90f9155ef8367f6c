//! Calls between services, and TLS.
use std::time::Duration;

use cpor_proto::{
    events::v1::{DeliverEventsRequest, event_service_client::EventServiceClient},
    operations::v1::{GetClockRequest, operations_service_client::OperationsServiceClient},
};
use cpor_types::{Actor, ActorSide, Service};
use tonic::{Code, Status, transport::Channel};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use super::system::{System, expected, refusal, start};
use crate::{
    Peers,
    config::{Limits, PeersConfig, TlsConfig},
};

#[tokio::test]
async fn a_peer_is_introduced_with_whom_it_acts_for() {
    let system = System::new().await;
    let actor = Actor::new(ActorSide::Partner, "alice@contoso.example");
    let channel = system.peers().channel(Service::Registry, &actor).unwrap();
    let stream = cpor_proto::events::v1::DeliverEventsRequest::default();
    EventServiceClient::new(channel).deliver_events(stream).await.unwrap();
    let (caller, left, id) = system.strings.heard.lock().unwrap().take().unwrap();
    assert_eq!((caller.service, caller.actor), (Some(Service::ClaimIntake), actor));
    assert!(left <= Duration::from_secs(10) && left > Duration::from_secs(5) && id.is_some(), "{left:?} {id:?}");

    let channel = system.peers().channel_as_service(Service::Registry).unwrap();
    let refused = OperationsServiceClient::new(channel).get_clock(GetClockRequest {}).await;
    assert_eq!(refusal(refused), expected(Code::PermissionDenied, "SERVICE_NOT_ALLOWED"));
    assert!(system.peers().channel(Service::Eligibility, &Actor::time()).is_err(), "no address");
}

#[tokio::test]
async fn a_certificate_makes_it_tls() {
    let directory = tempfile::tempdir().unwrap();
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (directory.path().join("cert.pem"), directory.path().join("key.pem"));
    std::fs::write(&certificate, own.cert.pem()).unwrap();
    std::fs::write(&key, own.signing_key.serialize_pem()).unwrap();
    let system =
        start(Limits::default(), TlsConfig { certificate_file: Some(certificate.clone()), key_file: Some(key) }).await;
    let config =
        PeersConfig { registry: Some(system.address.clone()), ca_file: Some(certificate), ..PeersConfig::default() };
    let peers = Peers::new(Service::ClaimIntake, &config, system.signer.clone()).unwrap();
    let channel = peers.channel_as_service(Service::Registry).unwrap();
    EventServiceClient::new(channel).deliver_events(DeliverEventsRequest::default()).await.unwrap();

    let plain = system.address.replace("https", "http");
    let refused = Channel::from_shared(plain).unwrap().connect().await.map(HealthClient::new);
    let answer = match refused {
        Ok(mut client) => client.check(HealthCheckRequest::default()).await.map(drop),
        Err(error) => Err(Status::from_error(error.into())),
    };
    assert!(answer.is_err(), "plain text is not spoken");
}
