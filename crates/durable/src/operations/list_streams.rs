//! `ListStreams`: the outgoing streams of one service. A stream consists of the events that one
//! aggregate (such as a claim) sends to one other service.
use cpor_listing::page;
use cpor_proto::operations::v1 as wire;
use cpor_proto::wire_time::to_wire_time;
use cpor_types::Service;
use tonic::Status;

use super::{OperationsServer, internal};
use crate::outbox::{self, STREAMS, StreamStatus};

impl OperationsServer {
    /// Lists the outgoing streams of one service; by default those with undelivered events, ordered
    /// by the age of their oldest one. The gRPC method calls this once the caller is known; tests
    /// call it directly.
    ///
    /// # Errors
    /// Returns FAILED_PRECONDITION (`SERVICE_NOT_HOSTED`) if this process does not host the
    /// service, and INVALID_ARGUMENT if the page token, the filter or the order is invalid.
    pub async fn handle_list_streams(
        &self,
        request: wire::ListStreamsRequest,
    ) -> Result<wire::ListStreamsResponse, Status> {
        let host = self.host(request.service)?;
        let page_tokens = page::PageTokens::for_request(&request);
        let query = STREAMS.parse(&request.filter, &request.order_by)?;
        let after = page_tokens.decode(&request.page_token)?;
        let page_size = page::effective_size(request.page_size);
        let listed = outbox::list(host.db().reader(), &query, after.as_ref(), page_size + 1).await.map_err(internal)?;
        let items = listed.into_iter().map(|(cursor, status)| (cursor, stream_message(host.service(), status)));
        let (streams, next_page_token) = page_tokens.paginate(page_size, items)?;
        Ok(wire::ListStreamsResponse { streams, next_page_token })
    }
}

/// Creates the protobuf message for an outgoing stream of `source`.
pub(super) fn stream_message(source: Service, status: StreamStatus) -> wire::Stream {
    let state = match status.oldest_undelivered_time {
        None => wire::StreamState::Idle,
        Some(_) if status.is_parked => wire::StreamState::Parked,
        Some(_) => wire::StreamState::Pending,
    };
    wire::Stream {
        name: format!("services/{source}/streams/{}", status.stream),
        source: crate::wire::service_to_wire(source).into(),
        destination: crate::wire::service_to_wire(status.stream.destination).into(),
        state: state.into(),
        next_sequence: status.next_sequence,
        delivered_sequence: status.delivered_sequence,
        attempts: status.attempts,
        oldest_undelivered_time: status.oldest_undelivered_time.map(to_wire_time),
        last_error: status.last_error.unwrap_or_default(),
    }
}
