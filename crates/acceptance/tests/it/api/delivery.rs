//! Events between the services: at least once on the wire, exactly once in effect, and what makes no sense is parked.

use cpor_acceptance::{ClaimStage, TestClaim, TestSystem, assert_refused, both_databases, timestamp};
use cpor_proto::{
    claims::v1::ClaimState,
    events::v1::{
        Actor, CustomerDeclined, DeliverEventsRequest, Event, StreamBatch, StreamId, StreamResult, event::Payload,
        event_service_client::EventServiceClient, stream_result::Failure,
    },
    operations::v1::{ListStreamsRequest, RetryStreamRequest, StreamState},
    options::v1::Service as Wire,
    r#type::v1::ActorSide,
};
use cpor_types::Service;
use tonic::Code;

both_databases![
    an_event_has_one_effect_however_often_it_comes,
    a_gap_is_asked_for_again,
    what_makes_no_sense_is_parked_and_harms_nobody,
    a_stream_that_is_not_parked_is_not_retried
];

fn declined(case: &TestClaim<'_>, sequence: u64) -> Event {
    let payload = CustomerDeclined {
        claim: case.name.clone(),
        channel: cpor_proto::r#type::v1::ConsentChannel::Link.into(),
        comment: format!("No. {sequence}"),
    };
    Event {
        sequence,
        effective_time: Some(timestamp("2026-03-16T09:00:00Z")),
        actor: Some(Actor { side: ActorSide::Customer.into(), subject: "jana".into() }),
        traceparent: String::new(),
        payload: Some(Payload::CustomerDeclined(payload)),
    }
}

/// Delivers events as customer-consent would, on a stream that is not used otherwise.
pub(crate) async fn deliver(system: &TestSystem, id: &str, events: Vec<Event>) -> StreamResult {
    let stream = StreamId {
        source: Wire::CustomerConsent.into(),
        aggregate: "test".into(),
        owner: "test".into(),
        id: id.into(),
    };
    let streams = vec![StreamBatch { stream: Some(stream), events }];
    let request = DeliverEventsRequest { destination: Wire::ClaimIntake.into(), streams };
    let consent = system.service(Service::CustomerConsent, Service::ClaimIntake);
    let mut client = EventServiceClient::new(consent.channel(Service::ClaimIntake));
    client.deliver_events(request).await.unwrap().into_inner().results.remove(0)
}

async fn declines(case: &TestClaim<'_>) -> usize {
    case.system.wait_until_idle().await;
    case.history().await.iter().filter(|entry| entry.action == "customer_declined").count()
}

async fn an_event_has_one_effect_however_often_it_comes(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    let stream = system.next_uuid();
    for _ in 0..3 {
        let result = deliver(system, &stream, vec![declined(&case, 1)]).await;
        assert_eq!((result.applied_sequence, result.failure), (1, None));
    }
    assert_eq!(declines(&case).await, 1);
    assert_eq!(case.claim().await.state(), ClaimState::Rejected);
    let result = deliver(system, &stream, vec![declined(&case, 1), declined(&case, 2)]).await;
    assert_eq!((result.applied_sequence, result.failure), (2, None));
    assert_eq!(declines(&case).await, 2);
    assert!(case.entry("customer_declined").await.overtaken, "the second came too late");
    assert_eq!(case.claim().await.rejection.unwrap().comment, "No. 1");
}

async fn a_gap_is_asked_for_again(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    let stream = system.next_uuid();
    let result = deliver(system, &stream, vec![declined(&case, 2)]).await;
    assert_eq!(result.applied_sequence, 0, "nothing before 1: {result:?}");
    assert_eq!(declines(&case).await, 0);
    let result = deliver(system, &stream, vec![declined(&case, 1), declined(&case, 3)]).await;
    assert_eq!(result.applied_sequence, 1, "{result:?}");
    assert_eq!(declines(&case).await, 1);
}

async fn what_makes_no_sense_is_parked_and_harms_nobody(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    let nonsense = Event { payload: None, ..declined(&case, 1) };
    let result = deliver(system, &system.next_uuid(), vec![nonsense]).await;
    assert!(matches!(result.failure, Some(Failure::Parked(_))), "{result:?}");
    let mut nowhere = declined(&case, 1);
    nowhere.payload =
        Some(Payload::CustomerDeclined(CustomerDeclined { claim: "claims/1".into(), ..CustomerDeclined::default() }));
    let result = deliver(system, &system.next_uuid(), vec![nowhere]).await;
    assert!(matches!(result.failure, Some(Failure::Parked(_))), "{result:?}");
    assert_eq!(declines(&case).await, 0);
    let result = deliver(system, &system.next_uuid(), vec![declined(&case, 1)]).await;
    assert_eq!(result.failure, None);
}

async fn a_stream_that_is_not_parked_is_not_retried(system: &TestSystem) {
    TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    let request = ListStreamsRequest { service: 1, state: StreamState::Idle.into(), ..ListStreamsRequest::default() };
    let streams =
        system.operator.operations(Service::ClaimIntake).list_streams(request).await.unwrap().into_inner().streams;
    assert!(streams.iter().all(|stream| stream.next_sequence == stream.delivered_sequence + 1), "{streams:#?}");
    let name = streams[0].name.clone();
    let mut operations = system.operator.operations(Service::ClaimIntake);
    assert_refused(
        operations.retry_stream(RetryStreamRequest { name }).await,
        Code::FailedPrecondition,
        "STREAM_NOT_PARKED",
    );
    let unknown = RetryStreamRequest { name: "services/claim-intake/streams/claim~contoso~none~registry".into() };
    assert_refused(operations.retry_stream(unknown).await, Code::NotFound, "STREAM_NOT_FOUND");
}
