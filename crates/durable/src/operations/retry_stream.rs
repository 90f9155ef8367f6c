use cpor_proto::operations::v1 as wire;
use cpor_types::Service;
use tonic::{Code, Status};

use super::{OperationsServer, internal, list_streams::stream};
use crate::{
    event_server::not_hosted,
    outbox::{self, OutboxKey},
};

impl OperationsServer {
    /// Takes a parked stream back into delivery, at once. What the gRPC method does once the caller is known; also for
    /// tests.
    ///
    /// # Errors
    /// NOT_FOUND `STREAM_NOT_FOUND`; FAILED_PRECONDITION `STREAM_NOT_PARKED`, `SERVICE_NOT_HOSTED`.
    pub async fn retry(&self, name: &str) -> Result<wire::Stream, Status> {
        let (source, key) = parse(name).ok_or_else(|| not_found(name))?;
        let host = self.hosts.iter().find(|host| host.service() == source).ok_or_else(|| not_hosted(Some(source)))?;
        let retried = outbox::retry(host.db().writer(), &key).await.map_err(internal)?;
        let found = outbox::find(host.db().writer(), &key).await.map_err(internal)?.ok_or_else(|| not_found(name))?;
        let stream = stream(source, found);
        if !retried {
            let state = stream.state().as_str_name();
            let message = "the stream is not parked";
            return Err(cpor_kit::status::refused(
                Code::FailedPrecondition,
                "STREAM_NOT_PARKED",
                message,
                &[("state", state)],
            ));
        }
        host.shared().wakes.relay(key.destination).notify_one();
        Ok(stream)
    }
}

/// `services/{service}/streams/{stream}`.
fn parse(name: &str) -> Option<(Service, OutboxKey)> {
    let (source, stream) = name.strip_prefix("services/")?.split_once("/streams/")?;
    Some((source.parse().ok()?, stream.parse().ok()?))
}

fn not_found(name: &str) -> Status {
    cpor_kit::status::refused(Code::NotFound, "STREAM_NOT_FOUND", "there is no such stream", &[("resource", name)])
}
