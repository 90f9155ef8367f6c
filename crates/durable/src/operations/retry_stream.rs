//! `RetryStream`: resumes the delivery of a parked stream. A stream is parked when its receiver
//! cannot apply an event, and is not delivered until an operator retries it.
use cpor_proto::operations::v1 as wire;
use cpor_types::Service;
use tonic::{Code, Status};

use super::{OperationsServer, internal, list_streams::stream_message};
use crate::{
    event_server::not_hosted,
    outbox::{self, OutboxStreamKey, StreamStatus},
};

impl OperationsServer {
    /// Makes a parked stream available for delivery again and notifies the relay (the task that
    /// delivers events); with `validate_only`, changes nothing. Uses two statements, or one query
    /// with `validate_only`. The gRPC method calls this once the caller is known; tests call it
    /// directly.
    ///
    /// # Errors
    /// Returns NOT_FOUND (`STREAM_NOT_FOUND`) if the stream does not exist, and FAILED_PRECONDITION
    /// if it is not parked (`STREAM_NOT_PARKED`) or if this process does not host its service
    /// (`SERVICE_NOT_HOSTED`).
    pub async fn handle_retry_stream(&self, request: wire::RetryStreamRequest) -> Result<wire::Stream, Status> {
        let wire::RetryStreamRequest { name, validate_only } = request;
        let (source, key) = parse_stream_name(&name).ok_or_else(|| not_found(&name))?;
        let host = self.hosts.iter().find(|host| host.service() == source).ok_or_else(|| not_hosted(Some(source)))?;
        let was_unparked = !validate_only && outbox::unpark(host.db().writer(), &key).await.map_err(internal)?;
        let status = outbox::find(host.db().writer(), &key).await.map_err(internal)?.ok_or_else(|| not_found(&name))?;
        let would_be_unparked = validate_only && status.is_parked;
        let status = if would_be_unparked { StreamStatus { is_parked: false, attempts: 0, ..status } } else { status };
        let stream = stream_message(source, status);
        if !(was_unparked || would_be_unparked) {
            let state = stream.state().as_str_name();
            let message = format!("the stream is {state}; only a PARKED stream can be retried");
            return Err(cpor_call::status::with_reason(
                Code::FailedPrecondition,
                wire::ErrorReason::StreamNotParked.as_str_name(),
                message,
                &[("state", state)],
            ));
        }
        if was_unparked {
            host.context().notifications.relay(key.destination).notify_one();
        }
        Ok(stream)
    }
}

/// Parses a resource name of the form `services/{service}/streams/{stream}`.
fn parse_stream_name(name: &str) -> Option<(Service, OutboxStreamKey)> {
    let (source, stream) = name.strip_prefix("services/")?.split_once("/streams/")?;
    Some((source.parse().ok()?, stream.parse().ok()?))
}

fn not_found(name: &str) -> Status {
    cpor_call::status::with_reason(
        Code::NotFound,
        wire::ErrorReason::StreamNotFound.as_str_name(),
        cpor_call::status::not_found_message(name),
        &[("resource", name)],
    )
}
