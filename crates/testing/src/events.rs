//! Fakes of the other services: transports for the events that a service sends, and functions that
//! build the events that it receives.

use std::sync::{Arc, Mutex};

use cpor_durable::{DeliveryError, EventTransport, IncomingEvent, StreamKey, StreamPosition};
use cpor_proto::events::v1::{DeliverEventsRequest, DeliverEventsResponse, Event, StreamResult, event::Payload};
use cpor_types::{Actor, Service, Timestamp};
use uuid::Uuid;

/// An event transport that records the events and reports all of them as applied. Clones share the
/// events.
#[derive(Clone, Debug, Default)]
pub struct RecordingTransport(Arc<Mutex<Vec<Event>>>);

impl RecordingTransport {
    /// Returns all payloads that were sent so far, in order.
    ///
    /// # Panics
    /// Panics if an event has no payload.
    #[must_use]
    pub fn sent(&self) -> Vec<Payload> {
        self.0.lock().unwrap().iter().map(|event| event.payload.clone().expect("a payload")).collect()
    }

    /// Returns the payloads that were sent since the last call.
    ///
    /// # Panics
    /// Panics if an event has no payload.
    #[must_use]
    pub fn take(&self) -> Vec<Payload> {
        std::mem::take(&mut *self.0.lock().unwrap())
            .into_iter()
            .map(|event| event.payload.expect("a payload"))
            .collect()
    }
}

#[async_trait::async_trait]
impl EventTransport for RecordingTransport {
    async fn deliver(&self, request: DeliverEventsRequest) -> Result<DeliverEventsResponse, DeliveryError> {
        let mut recorded = self.0.lock().unwrap();
        let results = request.streams.into_iter().map(|stream| {
            let applied_sequence = stream.events.last().map_or(0, |event| event.sequence);
            recorded.extend(stream.events);
            StreamResult { applied_sequence, failure: None }
        });
        Ok(DeliverEventsResponse { results: results.collect() })
    }
}

/// A transport that reaches no service.
#[derive(Clone, Copy, Debug)]
pub struct UnreachableTransport;

#[async_trait::async_trait]
impl EventTransport for UnreachableTransport {
    async fn deliver(&self, _request: DeliverEventsRequest) -> Result<DeliverEventsResponse, DeliveryError> {
        Err(DeliveryError::Unreachable("no service is reachable".to_owned()))
    }
}

/// Returns the identity of the stream of events that one aggregate of `source` sends, for example
/// one claim.
#[must_use]
pub fn stream_key(source: Service, aggregate: &str, owner: &str, id: Uuid) -> StreamKey {
    StreamKey { source, aggregate: aggregate.to_owned(), owner: owner.to_owned(), id }
}

/// Returns an event as the service receives it. The first event of a stream has the sequence 1.
#[must_use]
pub fn incoming_event(
    stream: StreamKey,
    sequence: u64,
    actor: Actor,
    effective_time: Timestamp,
    payload: Payload,
) -> IncomingEvent {
    IncomingEvent { position: StreamPosition { stream, sequence }, actor, effective_time, payload }
}
