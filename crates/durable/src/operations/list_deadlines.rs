use cpor_kit::page;
use cpor_proto::operations::v1 as wire;
use tonic::Status;

use super::{OperationsServer, internal};
use crate::{
    DeadlineState, Host,
    deadline::index::{self, After, Listed},
};

impl OperationsServer {
    /// The deadlines of one service in one state, by due time. What the gRPC method does once the caller is known; also
    /// for tests.
    ///
    /// # Errors
    /// FAILED_PRECONDITION `SERVICE_NOT_HOSTED`; INVALID_ARGUMENT `INVALID_PAGE_TOKEN`.
    pub async fn deadlines(&self, request: wire::ListDeadlinesRequest) -> Result<wire::ListDeadlinesResponse, Status> {
        let host = self.host(request.service)?;
        let binding = page::Binding::of(&request);
        let after: Option<After> = binding.decode(&request.page_token)?;
        let (state, wire_state) = match request.state() {
            wire::DeadlineState::Unspecified | wire::DeadlineState::Pending => {
                (DeadlineState::Pending, wire::DeadlineState::Pending)
            }
            state @ wire::DeadlineState::Fired => (DeadlineState::Fired, state),
            state @ wire::DeadlineState::Cancelled => (DeadlineState::Cancelled, state),
        };
        let size = page::size(request.page_size);
        let found = index::list(host.db().reader(), state, after, size + 1).await.map_err(internal)?;
        let shown = found.into_iter().map(|listed| (After::of(&listed), deadline(host, listed, wire_state)));
        let (deadlines, next_page_token) = binding.page(size, shown)?;
        Ok(wire::ListDeadlinesResponse { deadlines, next_page_token })
    }
}

fn deadline(host: &Host, listed: Listed, state: wire::DeadlineState) -> wire::Deadline {
    wire::Deadline {
        resource: host.roster().resource(&listed.aggregate, &listed.key),
        kind: listed.deadline.kind.into_owned(),
        service: crate::wire::service(host.service()).into(),
        due_time: Some(crate::wire::timestamp(listed.deadline.due)),
        rule: listed.deadline.rule,
        generation: listed.generation,
        state: state.into(),
    }
}
