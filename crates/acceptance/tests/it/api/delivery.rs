//! Events between the services are delivered at least once and take effect exactly once. A stream
//! with an invalid event is parked.

use cpor_acceptance::{ClaimStage, TestClaim, TestSystem, assert_refused, both_databases, timestamp};
use cpor_proto::r#type::v1::ActorSide;
use cpor_proto::{
    claims::v1::ClaimState,
    events::v1::{
        Actor, CustomerDeclined, DeliverEventsRequest, Event, StreamBatch, StreamId, StreamResult, event::Payload,
        event_service_client::EventServiceClient, stream_result::Failure,
    },
    operations::v1::{ListStreamsRequest, RetryStreamRequest},
    options::v1::Service as WireService,
};
use cpor_types::Service;
use tonic::Code;

both_databases![
    a_repeated_event_has_one_effect,
    events_after_a_gap_are_not_applied,
    invalid_events_are_parked,
    only_parked_streams_are_retried
];

/// The event that the customer declined the claim.
fn declined_event(case: &TestClaim<'_>, sequence: u64) -> Event {
    let payload = CustomerDeclined {
        claim: case.name.clone(),
        channel: cpor_proto::r#type::v1::ConsentChannel::Link.into(),
        comment: format!("No. {sequence}"),
        ..CustomerDeclined::default()
    };
    Event {
        sequence,
        effective_time: Some(timestamp("2026-03-16T09:00:00Z")),
        actor: Some(Actor { side: ActorSide::Customer.into(), subject: "jana".into() }),
        traceparent: String::new(),
        payload: Some(Payload::CustomerDeclined(payload)),
    }
}

/// Delivers events like customer-consent, on the stream `id`, which the system does not use itself.
pub(crate) async fn deliver(system: &TestSystem, id: &str, events: Vec<Event>) -> StreamResult {
    let stream = StreamId {
        source: WireService::CustomerConsent.into(),
        aggregate: "test".into(),
        owner: "test".into(),
        id: id.into(),
    };
    let streams = vec![StreamBatch { stream: Some(stream), events }];
    let request = DeliverEventsRequest { destination: WireService::ClaimIntake.into(), streams };
    let consent = system.service(Service::CustomerConsent, Service::ClaimIntake);
    let mut client = EventServiceClient::new(consent.channel(Service::ClaimIntake));
    client.deliver_events(request).await.unwrap().into_inner().results.remove(0)
}

/// Counts the declines in the history.
async fn count_declines(case: &TestClaim<'_>) -> usize {
    case.system.wait_until_idle().await;
    case.history().await.iter().filter(|entry| entry.action == "customer_declined").count()
}

async fn a_repeated_event_has_one_effect(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    let stream = system.next_uuid();
    for _ in 0..3 {
        let result = deliver(system, &stream, vec![declined_event(&case, 1)]).await;
        assert_eq!((result.applied_sequence, result.failure), (1, None));
    }
    assert_eq!(count_declines(&case).await, 1);
    assert_eq!(case.claim().await.state(), ClaimState::Rejected);
    let result = deliver(system, &stream, vec![declined_event(&case, 1), declined_event(&case, 2)]).await;
    assert_eq!((result.applied_sequence, result.failure), (2, None));
    assert_eq!(count_declines(&case).await, 2);
    assert!(case.entry("customer_declined").await.overtaken, "the claim was rejected before");
    assert_eq!(case.claim().await.rejection.unwrap().comment, "No. 1");
}

async fn events_after_a_gap_are_not_applied(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    let stream = system.next_uuid();
    let result = deliver(system, &stream, vec![declined_event(&case, 2)]).await;
    assert_eq!(result.applied_sequence, 0, "event 1 is missing: {result:?}");
    assert_eq!(count_declines(&case).await, 0);
    let result = deliver(system, &stream, vec![declined_event(&case, 1), declined_event(&case, 3)]).await;
    assert_eq!(result.applied_sequence, 1, "{result:?}");
    assert_eq!(count_declines(&case).await, 1);
}

async fn invalid_events_are_parked(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    let without_payload = Event { payload: None, ..declined_event(&case, 1) };
    let result = deliver(system, &system.next_uuid(), vec![without_payload]).await;
    assert!(matches!(result.failure, Some(Failure::Parked(_))), "{result:?}");
    let mut unknown_claim = declined_event(&case, 1);
    unknown_claim.payload =
        Some(Payload::CustomerDeclined(CustomerDeclined { claim: "claims/1".into(), ..CustomerDeclined::default() }));
    let result = deliver(system, &system.next_uuid(), vec![unknown_claim]).await;
    assert!(matches!(result.failure, Some(Failure::Parked(_))), "{result:?}");
    assert_eq!(count_declines(&case).await, 0);
    let result = deliver(system, &system.next_uuid(), vec![declined_event(&case, 1)]).await;
    assert_eq!(result.failure, None);
}

async fn only_parked_streams_are_retried(system: &TestSystem) {
    TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    let request = ListStreamsRequest { service: 1, filter: "state = IDLE".into(), ..ListStreamsRequest::default() };
    let streams =
        system.operator.operations(Service::ClaimIntake).list_streams(request).await.unwrap().into_inner().streams;
    assert!(streams.iter().all(|stream| stream.next_sequence == stream.delivered_sequence + 1), "{streams:#?}");
    let name = streams[0].name.clone();
    let mut operations = system.operator.operations(Service::ClaimIntake);
    assert_refused(
        operations.retry_stream(RetryStreamRequest { name, ..Default::default() }).await,
        Code::FailedPrecondition,
        "STREAM_NOT_PARKED",
    );
    let unknown = RetryStreamRequest {
        name: "services/claim-intake/streams/claim~contoso~none~registry".into(),
        ..Default::default()
    };
    assert_refused(operations.retry_stream(unknown).await, Code::NotFound, "STREAM_NOT_FOUND");
}
