//! The gRPC server that receives events and passes them to the hosted service that they are
//! addressed to. The events of one aggregate (such as a claim) form a *stream* and are applied in
//! order.
use std::{collections::HashMap, panic::AssertUnwindSafe, sync::Arc};

use cpor_call::status::FieldViolation;
use cpor_proto::events::v1::{
    DeliverEventsRequest, DeliverEventsResponse, StreamBatch, StreamResult, event_service_server::EventService,
    stream_result,
};
use cpor_proto::options::v1::{ErrorReason, FieldViolationReason};
use cpor_types::Service;
use futures_util::{FutureExt as _, future::join_all};
use tonic::{Code, Request, Response, Status};
use tracing::Instrument as _;
use uuid::Uuid;

use crate::{
    EventAccessError, EventReceiver, IncomingEvent, ReceiveError, StreamKey,
    event_access::{EventTable, ForbiddenEvent},
};

/// Serves `cpor.events.v1.EventService` for all services that the process hosts.
#[derive(Clone)]
pub struct EventServer {
    receivers: HashMap<Service, Arc<dyn EventReceiver>>,
    access: Arc<EventTable>,
}

impl std::fmt::Debug for EventServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventServer").field("services", &self.receivers.keys()).finish()
    }
}

impl EventServer {
    /// Creates a server that passes events to these receivers, each under its service.
    ///
    /// # Errors
    /// Returns all events that do not declare which service may send them.
    pub fn new(
        receivers: impl IntoIterator<Item = (Service, Arc<dyn EventReceiver>)>,
    ) -> Result<Self, Vec<EventAccessError>> {
        Ok(Self { receivers: receivers.into_iter().collect(), access: Arc::new(EventTable::load()?) })
    }

    /// Applies a delivery from the service `source`. The gRPC method calls this once the caller is
    /// known; tests call it directly. An event whose actor cannot cause it parks its stream.
    ///
    /// # Errors
    /// Returns FAILED_PRECONDITION (`SERVICE_NOT_HOSTED`) if the process does not host the
    /// destination, PERMISSION_DENIED (`SERVICE_NOT_ALLOWED`) if a stream belongs to another
    /// service than `source`, PERMISSION_DENIED (`EVENT_NOT_ALLOWED`) if `source` may not send an
    /// event to the destination, and INVALID_ARGUMENT if a stream's id is malformed. Then no event
    /// of the delivery is applied.
    pub async fn deliver(
        &self,
        source: Service,
        request: DeliverEventsRequest,
    ) -> Result<DeliverEventsResponse, Status> {
        let destination = crate::wire::service_from_wire(request.destination);
        let hosted = destination.and_then(|service| self.receivers.get(&service).map(|receiver| (service, receiver)));
        let (destination, receiver) = hosted.ok_or_else(|| not_hosted(destination))?;
        let mut streams = Vec::with_capacity(request.streams.len());
        for batch in request.streams {
            let stream = stream_key(source, &batch)?;
            for event in &batch.events {
                let is_allowed = self.access.check_services(event, source, destination);
                is_allowed.map_err(|forbidden| event_not_allowed(&forbidden, source, destination))?;
            }
            streams.push((stream, batch));
        }
        let results = streams.into_iter().map(|(stream, batch)| apply_batch(&**receiver, &self.access, stream, batch));
        Ok(DeliverEventsResponse { results: join_all(results).await })
    }
}

#[tonic::async_trait]
impl EventService for EventServer {
    async fn deliver_events(
        &self,
        request: Request<DeliverEventsRequest>,
    ) -> Result<Response<DeliverEventsResponse>, Status> {
        let (caller, request) = cpor_rpc::request::validate(request)?;
        let source = caller.service.ok_or_else(foreign_stream)?;
        self.deliver(source, request).await.map(Response::new)
    }
}

/// Creates the status for a service that this process does not host.
pub(crate) fn not_hosted(service: Option<Service>) -> Status {
    let name = service.map_or("unknown", Service::as_str);
    let message = format!("the service {name} is not hosted by this process");
    cpor_call::status::with_reason(
        Code::FailedPrecondition,
        ErrorReason::ServiceNotHosted.as_str_name(),
        message,
        &[("service", name)],
    )
}

/// The name of the method that delivers events, as error details contain it.
const METHOD: &str = "cpor.events.v1.EventService/DeliverEvents";

/// Creates the status for a delivery that contains a stream of another service than the caller.
fn foreign_stream() -> Status {
    let message = "a service may deliver only its own streams";
    cpor_call::status::with_reason(
        Code::PermissionDenied,
        ErrorReason::ServiceNotAllowed.as_str_name(),
        message,
        &[("method", METHOD)],
    )
}

/// Creates the status for an event that `source` may not send to `destination`.
fn event_not_allowed(forbidden: &ForbiddenEvent<'_>, source: Service, destination: Service) -> Status {
    let event = forbidden.event;
    let message = format!("the service {source} is not allowed to send the event {event} to {destination}");
    let reason = ErrorReason::EventNotAllowed.as_str_name();
    cpor_call::status::with_reason(Code::PermissionDenied, reason, message, &[("event", event)])
}

/// Reads the identity of the stream and checks that it belongs to `source`.
fn stream_key(source: Service, batch: &StreamBatch) -> Result<StreamKey, Status> {
    let stream = batch.stream.clone().unwrap_or_default();
    if crate::wire::service_from_wire(stream.source) != Some(source) {
        return Err(foreign_stream());
    }
    let id = Uuid::parse_str(&stream.id);
    let malformed = FieldViolation {
        field: "streams.stream.id".to_owned(),
        reason: FieldViolationReason::Malformed.as_str_name().to_owned(),
        description: "must be a UUID".to_owned(),
    };
    let id = id.map_err(|_| cpor_call::status::invalid_fields(vec![malformed]))?;
    Ok(StreamKey { source, aggregate: stream.aggregate, owner: stream.owner, id })
}

/// Applies the events of one stream in order and stops at the first event that fails.
async fn apply_batch(
    receiver: &dyn EventReceiver,
    access: &EventTable,
    stream: StreamKey,
    batch: StreamBatch,
) -> StreamResult {
    let mut applied_sequence = batch.events.first().map_or(0, |event| event.sequence.saturating_sub(1));
    for event in batch.events {
        let (sequence, traceparent) = (event.sequence, event.traceparent.clone());
        let span = tracing::info_span!("receive_event", aggregate = stream.aggregate, sequence);
        // `traceparent` is the W3C trace context of the command that caused the event.
        cpor_process::telemetry::continue_trace(&span, &traceparent);
        let is_allowed = access.check_actor(&event).map_err(ReceiveError::park);
        let result = match is_allowed.and_then(|()| IncomingEvent::read(&stream, event)) {
            Ok(incoming) => apply_catching_panics(receiver, incoming).instrument(span).await,
            Err(error) => Err(error),
        };
        let failure = match result {
            Ok(()) => {
                applied_sequence = sequence;
                continue;
            }
            Err(ReceiveError::Retry(reason)) => stream_result::Failure::Retry(reason),
            Err(ReceiveError::Park(reason)) => stream_result::Failure::Parked(reason),
            Err(ReceiveError::SequenceGap { expected }) => {
                applied_sequence = expected.saturating_sub(1);
                stream_result::Failure::Retry(format!("the stream has a gap: expected event {expected}"))
            }
        };
        return StreamResult { applied_sequence, failure: Some(failure) };
    }
    StreamResult { applied_sequence, failure: None }
}

/// Applies the event and turns a panic of the receiver into an error that is retried.
async fn apply_catching_panics(receiver: &dyn EventReceiver, incoming: IncomingEvent) -> Result<(), ReceiveError> {
    let result = AssertUnwindSafe(receiver.apply(incoming)).catch_unwind().await;
    result.unwrap_or_else(|_panic| Err(ReceiveError::Retry("the receiver panicked".to_owned())))
}
