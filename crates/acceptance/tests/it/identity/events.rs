//! Delivers every event as every service to every service. Only declared events are accepted.

use cpor_acceptance::{EventKind, Method, TestSystem, both_databases, call, encode, event_kinds, methods, reason};
use cpor_types::Service;
use serde_json::{Value, json};
use tonic::Code;

both_databases![each_service_sends_only_its_events, each_service_sends_only_its_streams];

fn deliver_events() -> Method {
    methods().into_iter().find(|method| method.name == "DeliverEvents").expect("the method")
}

fn wire_name(service: Service) -> String {
    format!("SERVICE_{}", service.as_str().replace('-', "_").to_uppercase())
}

/// A delivery with one event without content, from a new stream of `source`.
fn delivery(system: &TestSystem, event: &EventKind, source: Service, destination: Service) -> Value {
    json!({
        "destination": wire_name(destination),
        "streams": [{
            "stream": {
                "source": wire_name(source), "aggregate": "stolen", "owner": "contoso", "id": system.next_uuid(),
            },
            "events": [{
                "sequence": "1",
                "effectiveTime": "2026-03-16T09:00:00Z",
                "actor": {"side": "ACTOR_SIDE_SYSTEM", "subject": source.as_str()},
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

/// All pairs of a source and a destination.
fn pairs() -> impl Iterator<Item = (Service, Service)> {
    Service::ALL.iter().flat_map(|source| Service::ALL.iter().map(move |destination| (*source, *destination)))
}
