use cpor_kit::page;
use cpor_proto::operations::v1 as wire;
use cpor_types::Service;
use tonic::Status;

use super::{OperationsServer, internal};
use crate::outbox::{self, After, Filter, Listed};

impl OperationsServer {
    /// The streams of one service, those with the oldest undelivered event first. What the gRPC method does once the
    /// caller is known; also for tests.
    ///
    /// # Errors
    /// FAILED_PRECONDITION `SERVICE_NOT_HOSTED`; INVALID_ARGUMENT `INVALID_PAGE_TOKEN`.
    pub async fn streams(&self, request: wire::ListStreamsRequest) -> Result<wire::ListStreamsResponse, Status> {
        let host = self.host(request.service)?;
        let binding = page::Binding::of(&request);
        let after: Option<After> = binding.decode(&request.page_token)?;
        let filter = match request.state() {
            wire::StreamState::Unspecified => Filter::NotIdle,
            wire::StreamState::Idle => Filter::Idle,
            wire::StreamState::Pending => Filter::Pending,
            wire::StreamState::Parked => Filter::Parked,
        };
        let size = page::size(request.page_size);
        let found = outbox::list(host.db().reader(), filter, after, size + 1).await.map_err(internal)?;
        let shown = found.into_iter().map(|listed| (After::of(&listed), stream(host.service(), listed)));
        let (streams, next_page_token) = binding.page(size, shown)?;
        Ok(wire::ListStreamsResponse { streams, next_page_token })
    }
}

/// A stream of `source` on the wire.
pub(super) fn stream(source: Service, listed: Listed) -> wire::Stream {
    let state = match listed.oldest_time {
        None => wire::StreamState::Idle,
        Some(_) if listed.parked => wire::StreamState::Parked,
        Some(_) => wire::StreamState::Pending,
    };
    wire::Stream {
        name: format!("services/{source}/streams/{}", listed.stream),
        source: crate::wire::service(source).into(),
        destination: crate::wire::service(listed.stream.destination).into(),
        state: state.into(),
        next_sequence: listed.next_sequence,
        delivered_sequence: listed.delivered_sequence,
        attempts: listed.attempts,
        oldest_undelivered_time: listed.oldest_time.map(crate::wire::timestamp),
        last_error: listed.last_error.unwrap_or_default(),
    }
}
