//! Implements ListHistory, in the order in which the entries were recorded (R56). Every claim has a
//! history, even a deleted draft. Cost: one read.
use super::{RpcResult, convert, view::View};
use crate::{call::Call, error::CallError, service::ClaimIntake, store::HistoryEntries};
use cpor_listing::page;
use cpor_proto::claims::v1 as wire;
use cpor_rpc::request::validate;
use tonic::{Request, Response};

pub(super) async fn list_history(
    intake: &ClaimIntake,
    request: Request<wire::ListHistoryRequest>,
) -> RpcResult<wire::ListHistoryResponse> {
    let (caller, request) = validate(request)?;
    let call = Call::new(&caller, "ListHistory", &request.parent)?;
    let (page_tokens, size) = (page::PageTokens::for_request(&request), page::effective_size(request.page_size));
    let after: i64 = page_tokens.decode(&request.page_token)?.unwrap_or_default();
    let rows =
        HistoryEntries::of_claim(intake.reader(), &call.claim).list(after, size + 1).await.map_err(CallError::from)?;
    if rows.is_empty() && after == 0 {
        return Err(call.not_found().into());
    }
    let view = View::for_caller(&caller);
    let entries = rows.into_iter().map(|entry| (entry.position, convert::history_entry_to_wire(entry, view)));
    let (entries, next_page_token) = page_tokens.paginate(size, entries)?;
    Ok(Response::new(wire::ListHistoryResponse { entries, next_page_token }))
}
