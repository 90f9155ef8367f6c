//! The process's server for events: hands every stream to the service that it is for.
use std::{collections::HashMap, panic::AssertUnwindSafe, sync::Arc};

use cpor_proto::events::v1::{
    DeliverEventsRequest, DeliverEventsResponse, StreamBatch, StreamResult, event_service_server::EventService,
    stream_result::Failure,
};
use cpor_types::Service;
use futures_util::{FutureExt as _, future::join_all};
use tonic::{Code, Request, Response, Status};
use tracing::Instrument as _;
use uuid::Uuid;

use crate::{Incoming, ReceiveError, Receiver, StreamKey};

/// Serves `cpor.events.v1.EventService` for all services that the process hosts.
#[derive(Clone, Default)]
pub struct EventServer {
    receivers: HashMap<Service, Arc<dyn Receiver>>,
}

impl std::fmt::Debug for EventServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventServer").field("services", &self.receivers.keys()).finish()
    }
}

impl EventServer {
    /// A server for these services.
    pub fn new(receivers: impl IntoIterator<Item = (Service, Arc<dyn Receiver>)>) -> Self {
        Self { receivers: receivers.into_iter().collect() }
    }

    /// Takes a delivery in from `source`, which may speak for itself only. What the gRPC method does once it knows the
    /// caller; also for tests.
    ///
    /// # Errors
    /// FAILED_PRECONDITION `SERVICE_NOT_HOSTED`; PERMISSION_DENIED `SERVICE_NOT_ALLOWED` for another's stream; INVALID_ARGUMENT for a stream
    /// that is none.
    pub async fn deliver(
        &self,
        source: Service,
        request: DeliverEventsRequest,
    ) -> Result<DeliverEventsResponse, Status> {
        let destination = crate::wire::service_from(request.destination);
        let receiver =
            destination.and_then(|service| self.receivers.get(&service)).ok_or_else(|| not_hosted(destination))?;
        let mut streams = Vec::with_capacity(request.streams.len());
        for batch in request.streams {
            streams.push((stream_key(source, &batch)?, batch));
        }
        let results = streams.into_iter().map(|(stream, batch)| apply(&**receiver, stream, batch));
        Ok(DeliverEventsResponse { results: join_all(results).await })
    }
}

#[tonic::async_trait]
impl EventService for EventServer {
    async fn deliver_events(
        &self,
        request: Request<DeliverEventsRequest>,
    ) -> Result<Response<DeliverEventsResponse>, Status> {
        let (caller, request) = cpor_kit::request::open(request)?;
        let source = caller.service.ok_or_else(foreign)?;
        self.deliver(source, request).await.map(Response::new)
    }
}

/// That a service does not run in this process.
pub(crate) fn not_hosted(service: Option<Service>) -> Status {
    let name = service.map_or("unknown", Service::as_str);
    let message = format!("the service {name} does not run here");
    cpor_kit::status::refused(Code::FailedPrecondition, "SERVICE_NOT_HOSTED", message, &[("service", name)])
}

fn foreign() -> Status {
    let message = "a service delivers its own streams only";
    cpor_kit::status::refused(Code::PermissionDenied, "SERVICE_NOT_ALLOWED", message, &[])
}

fn stream_key(source: Service, batch: &StreamBatch) -> Result<StreamKey, Status> {
    let stream = batch.stream.clone().unwrap_or_default();
    if crate::wire::service_from(stream.source) != Some(source) {
        return Err(foreign());
    }
    let id = Uuid::parse_str(&stream.id);
    let id = id.map_err(|_| Status::invalid_argument("the id of a stream is not a UUID"))?;
    Ok(StreamKey { source, aggregate: stream.aggregate, owner: stream.owner, id })
}

/// Applies the events of one stream in order, up to the first that fails.
async fn apply(receiver: &dyn Receiver, stream: StreamKey, batch: StreamBatch) -> StreamResult {
    let mut applied = batch.events.first().map_or(0, |event| event.sequence.saturating_sub(1));
    for event in batch.events {
        let (sequence, traceparent) = (event.sequence, event.traceparent.clone());
        let span = tracing::info_span!("receive_event", aggregate = stream.aggregate, sequence);
        cpor_kit::telemetry::continue_from(&span, &traceparent);
        let outcome = match Incoming::read(&stream, event) {
            Ok(incoming) => guarded(receiver, incoming).instrument(span).await,
            Err(unreadable) => Err(unreadable),
        };
        let failure = match outcome {
            Ok(()) => {
                applied = sequence;
                continue;
            }
            Err(ReceiveError::Retry(why)) => Failure::Retry(why),
            Err(ReceiveError::Park(why)) => Failure::Parked(why),
            Err(ReceiveError::Gap { expected }) => {
                applied = expected.saturating_sub(1);
                Failure::Retry(format!("event {expected} must come first"))
            }
        };
        return StreamResult { applied_sequence: applied, failure: Some(failure) };
    }
    StreamResult { applied_sequence: applied, failure: None }
}

async fn guarded(receiver: &dyn Receiver, incoming: Incoming) -> Result<(), ReceiveError> {
    let outcome = AssertUnwindSafe(receiver.apply(incoming)).catch_unwind().await;
    outcome.unwrap_or_else(|_panic| Err(ReceiveError::Retry("the receiver panicked".to_owned())))
}
