//! `RetryStream`: resumes the delivery of a parked stream. A stream is parked when its receiver
//! cannot apply an event, and is not delivered until an operator retries it.
use cpor_proto::operations::v1 as wire;
use cpor_types::Service;
use tonic::{Code, Status};

use super::{OperationsServer, internal, list_streams::stream_message};
use crate::{
    event_server::not_hosted,
    outbox::{self, OutboxStreamKey},
};

impl OperationsServer {
    /// Makes a parked stream available for delivery again and notifies the relay. The gRPC method
    /// calls this once the caller is known; tests call it directly.
    ///
    /// # Errors
    /// Returns NOT_FOUND (`STREAM_NOT_FOUND`) if there is no such stream, and FAILED_PRECONDITION
    /// if the stream is not parked (`STREAM_NOT_PARKED`) or the process does not host its service
    /// (`SERVICE_NOT_HOSTED`).
    pub async fn handle_retry_stream(&self, name: &str) -> Result<wire::Stream, Status> {
        let (source, key) = parse_stream_name(name).ok_or_else(|| not_found(name))?;
        let host = self.hosts.iter().find(|host| host.service() == source).ok_or_else(|| not_hosted(Some(source)))?;
        let was_parked = outbox::unpark(host.db().writer(), &key).await.map_err(internal)?;
        let status = outbox::find(host.db().writer(), &key).await.map_err(internal)?.ok_or_else(|| not_found(name))?;
        let stream = stream_message(source, status);
        if !was_parked {
            let state = stream.state().as_str_name();
            let message = format!("the stream is {state}; only a PARKED stream can be retried");
            return Err(cpor_call::status::with_reason(
                Code::FailedPrecondition,
                wire::ErrorReason::StreamNotParked.as_str_name(),
                message,
                &[("state", state)],
            ));
        }
        host.context().notifications.relay(key.destination).notify_one();
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
        "the stream does not exist",
        &[("resource", name)],
    )
}
