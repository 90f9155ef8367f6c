//! Delivers every event as every service to every service, with actors of every side. Only declared
//! events are accepted.

use cpor_acceptance::{EventKind, Method, TestSystem, both_databases, call, encode, event_kinds, methods, reason};
use cpor_proto::events::v1::{DeliverEventsResponse, stream_result::Failure};
use cpor_types::{ActorSide, Service};
use prost::Message as _;
use serde_json::{Value, json};
use tonic::Code;

both_databases![
    each_service_sends_only_its_events,
    each_service_sends_only_its_streams,
    an_undeclared_actor_parks_the_stream
];

fn deliver_events() -> Method {
    methods().into_iter().find(|method| method.name == "DeliverEvents").expect("the method")
}

fn wire_name(service: Service) -> String {
    format!("SERVICE_{}", service.as_str().replace('-', "_").to_uppercase())
}

/// An actor of this side, as services name it.
fn actor(side: ActorSide, source: Service) -> Value {
    let subject = match side {
        ActorSide::System => source.as_str(),
        ActorSide::Time => "",
        ActorSide::Partner | ActorSide::Reviewer | ActorSide::Vendor | ActorSide::Customer => "somebody@example.org",
    };
    json!({"side": format!("ACTOR_SIDE_{}", side.as_str().to_uppercase()), "subject": subject})
}

/// A delivery with one event without content, from a new stream of `source`. A declared actor has
/// caused the event.
fn delivery(system: &TestSystem, event: &EventKind, source: Service, destination: Service) -> Value {
    delivery_by(system, event, source, destination, &actor(event.sides[0], source))
}

/// The same, with an event that this actor has caused.
fn delivery_by(system: &TestSystem, event: &EventKind, source: Service, destination: Service, actor: &Value) -> Value {
    json!({
        "destination": wire_name(destination),
        "streams": [{
            "stream": {
                "source": wire_name(source), "aggregate": "stolen", "owner": "contoso", "id": system.next_uuid(),
            },
            "events": [{
                "sequence": "1",
                "effectiveTime": "2026-03-16T09:00:00Z",
                "actor": actor,
                (event.json_name.clone()): {},
            }],
        }],
    })
}

async fn each_service_sends_only_its_events(system: &TestSystem) {
    let (events, deliver, mut permitted) = (event_kinds(), deliver_events(), 0);
    for event in &events {
        for (source, destination) in pairs() {
            let method = Method { service: destination, ..deliver.clone() };
            let message = encode(&method.input, &delivery(system, event, source, destination));
            let response = call(&system.service(source, destination), &method, message).await;
            let attempt = format!("{} from {source} to {destination}", event.json_name);
            if event.sources.contains(&source) && event.destinations.contains(&destination) {
                permitted += 1;
                response.unwrap_or_else(|status| panic!("{attempt}: {status:?}"));
            } else {
                let status = response.expect_err(&attempt);
                let expected = (Code::PermissionDenied, "EVENT_NOT_ALLOWED");
                assert_eq!((status.code(), reason(&status).as_str()), expected, "{attempt}");
            }
        }
    }
    assert!(events.len() >= 47, "only {} events in the descriptors", events.len());
    assert_eq!(permitted, events.iter().map(|event| event.sources.len() * event.destinations.len()).sum::<usize>());
}

async fn each_service_sends_only_its_streams(system: &TestSystem) {
    let deliver = deliver_events();
    for event in event_kinds() {
        let (source, destination) = (event.sources[0], event.destinations[0]);
        let method = Method { service: destination, ..deliver.clone() };
        let message = encode(&method.input, &delivery(system, &event, source, destination));
        for thief in Service::ALL.iter().filter(|thief| **thief != source) {
            let status = call(&system.service(*thief, destination), &method, message.clone()).await.unwrap_err();
            let expected = (Code::PermissionDenied, "SERVICE_NOT_ALLOWED");
            let attempt = format!("{thief} sends {} of {source}", event.json_name);
            assert_eq!((status.code(), reason(&status).as_str()), expected, "{attempt}");
        }
    }
}

/// A service that is taken over cannot name any actor: a customer's decision is not that of an
/// operator, and no reviewer is reminded by a person. The test takes the actors from the
/// declarations. That the declarations lack no actor is shown by the other tests: each system that
/// has a parked stream at its end fails.
async fn an_undeclared_actor_parks_the_stream(system: &TestSystem) {
    let (deliver, mut refused) = (deliver_events(), 0);
    for event in event_kinds() {
        let (source, destination) = (event.sources[0], event.destinations[0]);
        let method = Method { service: destination, ..deliver.clone() };
        let is_refused = async |actor: &Value| {
            let message = encode(&method.input, &delivery_by(system, &event, source, destination, actor));
            let (_, responses) = call(&system.service(source, destination), &method, message).await.unwrap();
            let response = DeliverEventsResponse::decode(responses[0].clone()).unwrap();
            matches!(&response.results[0].failure, Some(Failure::Parked(reason)) if reason.contains("cannot be caused"))
        };
        for side in ActorSide::ALL.iter().copied() {
            let is_undeclared = !event.sides.contains(&side);
            let attempt = format!("{} caused by the side {side}", event.json_name);
            assert_eq!(is_refused(&actor(side, source)).await, is_undeclared, "{attempt}");
            refused += usize::from(is_undeclared);
        }
        let nobody = json!({"side": "ACTOR_SIDE_SYSTEM", "subject": "nobody"});
        assert!(is_refused(&nobody).await, "no service has this name");
    }
    assert!(refused >= 100, "only {refused} refusals");
}

/// All pairs of a source and a destination.
fn pairs() -> impl Iterator<Item = (Service, Service)> {
    Service::ALL.iter().flat_map(|source| Service::ALL.iter().map(move |destination| (*source, *destination)))
}
