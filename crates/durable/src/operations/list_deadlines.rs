//! `ListDeadlines`: the deadlines of one service.
use cpor_listing::page;
use cpor_proto::operations::v1 as wire;
use cpor_proto::wire_time::to_wire_time;
use tonic::Status;

use super::{OperationsServer, internal};
use crate::{
    DeadlineState, Host,
    deadline::index::{self, DEADLINES, ListedDeadline},
};

impl OperationsServer {
    /// Lists the deadlines of one service; by default the pending ones, ordered by due time. The
    /// gRPC method calls this once the caller is known; tests call it directly.
    ///
    /// # Errors
    /// Returns FAILED_PRECONDITION (`SERVICE_NOT_HOSTED`) if this process does not host the
    /// service, and INVALID_ARGUMENT if the page token, the filter or the order is invalid.
    pub async fn handle_list_deadlines(
        &self,
        request: wire::ListDeadlinesRequest,
    ) -> Result<wire::ListDeadlinesResponse, Status> {
        let host = self.host(request.service)?;
        let page_tokens = page::PageTokens::for_request(&request);
        let query = DEADLINES.parse(&request.filter, &request.order_by)?;
        let after = page_tokens.decode(&request.page_token)?;
        let page_size = page::effective_size(request.page_size);
        let listed = index::list(host.db().reader(), &query, after.as_ref(), page_size + 1).await.map_err(internal)?;
        let items = listed.into_iter().map(|(cursor, listed)| (cursor, deadline_message(host, listed)));
        let (deadlines, next_page_token) = page_tokens.paginate(page_size, items)?;
        Ok(wire::ListDeadlinesResponse { deadlines, next_page_token })
    }
}

fn deadline_message(host: &Host, listed: ListedDeadline) -> wire::Deadline {
    let state = match listed.state {
        DeadlineState::Pending => wire::DeadlineState::Pending,
        DeadlineState::Fired => wire::DeadlineState::Fired,
        DeadlineState::Cancelled => wire::DeadlineState::Cancelled,
    };
    wire::Deadline {
        resource: host.registrations().resource_name(&listed.aggregate, &listed.key),
        kind: listed.deadline.kind.into_owned(),
        service: crate::wire::service_to_wire(host.service()).into(),
        due_time: Some(to_wire_time(listed.deadline.due)),
        rule: listed.deadline.rule,
        generation: listed.generation,
        state: state.into(),
    }
}
