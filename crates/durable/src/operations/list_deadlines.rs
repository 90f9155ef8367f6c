//! `ListDeadlines`: the deadlines of one service.
use cpor_listing::page;
use cpor_proto::operations::v1 as wire;
use cpor_proto::wire_time::to_wire_time;
use tonic::Status;

use super::{OperationsServer, internal};
use crate::{
    DeadlineState, Host,
    deadline::index::{self, DeadlineCursor, ListedDeadline},
};

impl OperationsServer {
    /// Lists the deadlines of one service in one state, ordered by due time. The gRPC method calls
    /// this once the caller is known; tests call it directly.
    ///
    /// # Errors
    /// Returns FAILED_PRECONDITION (`SERVICE_NOT_HOSTED`) if the process does not host the service,
    /// and INVALID_ARGUMENT (`INVALID_PAGE_TOKEN`) if the page token is malformed.
    pub async fn handle_list_deadlines(
        &self,
        request: wire::ListDeadlinesRequest,
    ) -> Result<wire::ListDeadlinesResponse, Status> {
        let host = self.host(request.service)?;
        let page_tokens = page::PageTokens::for_request(&request);
        let cursor: Option<DeadlineCursor> = page_tokens.decode(&request.page_token)?;
        let (state, wire_state) = match request.state() {
            wire::DeadlineState::Unspecified | wire::DeadlineState::Pending => {
                (DeadlineState::Pending, wire::DeadlineState::Pending)
            }
            state @ wire::DeadlineState::Fired => (DeadlineState::Fired, state),
            state @ wire::DeadlineState::Cancelled => (DeadlineState::Cancelled, state),
        };
        let page_size = page::effective_size(request.page_size);
        let listed = index::list(host.db().reader(), state, cursor, page_size + 1).await.map_err(internal)?;
        let items =
            listed.into_iter().map(|listed| (DeadlineCursor::new(&listed), deadline_message(host, listed, wire_state)));
        let (deadlines, next_page_token) = page_tokens.paginate(page_size, items)?;
        Ok(wire::ListDeadlinesResponse { deadlines, next_page_token })
    }
}

fn deadline_message(host: &Host, listed: ListedDeadline, state: wire::DeadlineState) -> wire::Deadline {
    wire::Deadline {
        resource: host.registrations().resource_name(&listed.aggregate, &listed.key),
        kind: listed.deadline.kind.into_owned(),
        service: crate::wire::service(host.service()).into(),
        due_time: Some(to_wire_time(listed.deadline.due)),
        rule: listed.deadline.rule,
        generation: listed.generation,
        state: state.into(),
    }
}
