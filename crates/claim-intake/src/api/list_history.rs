//! Implements ListHistory, by default in the order in which the entries were recorded (R56). Every
//! claim has a history, also a deleted draft. Cost: one read; a second one if there are no rows, to
//! distinguish a filter that matches nothing from a claim that does not exist.
use super::{RpcResult, convert, view::View};
use crate::{
    call::Call,
    error::CallError,
    service::ClaimIntake,
    store::{HISTORY, HistoryEntries},
};
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
    let query = HISTORY.parse(&request.filter, &request.order_by)?;
    let after = page_tokens.decode(&request.page_token)?;
    let view = View::for_caller(&caller);
    let entries = HistoryEntries::of_claim(intake.reader(), &call.claim);
    let entries = match view {
        View::Partner | View::ProgramManager if query.has_filter() => entries.visible_to_all_sides(),
        View::Partner | View::ProgramManager | View::Vendor | View::Masked => entries,
    };
    let rows = entries.list(&query, after.as_ref(), size + 1).await.map_err(CallError::from)?;
    if rows.is_empty() && intake.claims.history_head(&call.claim).await.map_err(CallError::from)?.is_none() {
        return Err(call.not_found().into());
    }
    let entries = rows.into_iter().map(|(cursor, entry)| (cursor, convert::history_entry_to_wire(entry, view)));
    let (entries, next_page_token) = page_tokens.paginate(size, entries)?;
    Ok(Response::new(wire::ListHistoryResponse { entries, next_page_token }))
}
