//! ListHistory (R56): one read, in the order of application. A claim without history does not exist; a deleted draft
//! has one still.
use super::{Answer, convert, view::View};
use crate::{
    call::Call,
    intake::{Failed, Intake},
    store::Histories,
};
use cpor_kit::{page, request::open};
use cpor_proto::claims::v1 as wire;
use tonic::{Request, Response};

pub(super) async fn list_history(
    intake: &Intake,
    request: Request<wire::ListHistoryRequest>,
) -> Answer<wire::ListHistoryResponse> {
    let (caller, request) = open(request)?;
    let call = Call::new(&caller, "ListHistory", &request.parent)?;
    let (binding, size) = (page::Binding::of(&request), page::size(request.page_size));
    let after: i64 = binding.decode(&request.page_token)?.unwrap_or_default();
    let found = Histories::of(intake.reader(), &call.claim).list(after, size + 1).await.map_err(Failed::from)?;
    if found.is_empty() && after == 0 {
        return Err(call.not_found().into());
    }
    let view = View::of(&caller);
    let shown = found.into_iter().map(|entry| (entry.position, convert::history_entry(entry, view)));
    let (entries, next_page_token) = binding.page(size, shown)?;
    Ok(Response::new(wire::ListHistoryResponse { entries, next_page_token }))
}
