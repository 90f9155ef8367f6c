//! ListReviewNotes: lists the notes of a case, by default the oldest first (R55). Executes one
//! query, and a second one if there are no notes.
use super::{Api, from_proto, to_proto};
use crate::store::{
    case_key,
    case_query::CaseQuery,
    notes::{NOTE_LIST, NoteQuery},
};
use cpor_call::status;
use cpor_listing::page::{self, PageTokens};
use cpor_proto::reviews::v1::{ListReviewNotesRequest, ListReviewNotesResponse};
use cpor_rpc::request::validate;
use tonic::{Request, Response, Status};

pub(super) async fn handle(
    api: &Api,
    request: Request<ListReviewNotesRequest>,
) -> Result<Response<ListReviewNotesResponse>, Status> {
    let (_, request) = validate(request)?;
    let case = from_proto::case_name(&request.parent)?;
    let (page_tokens, size) = (PageTokens::for_request(&request), page::effective_size(request.page_size));
    let list_query = NOTE_LIST.parse(&request.filter, &request.order_by)?;
    let after = page_tokens.decode(&request.page_token)?;
    let query = NoteQuery::for_case(api.db.reader(), &case_key(case.tenant, case.case));
    // One note more than the page holds tells whether there is a next page.
    let notes = query.list(&list_query, after.as_ref(), size + 1).await;
    let notes = notes.map_err(|cause| cpor_durable::status::store_error(&cause))?;
    if notes.is_empty() {
        // Without notes, the case itself may be missing.
        let found = CaseQuery::for_tenant(api.db.reader(), case.tenant).find(case.case).await;
        found
            .map_err(|cause| cpor_durable::status::store_error(&cause))?
            .ok_or_else(|| status::not_found(&request.parent))?;
    }
    let messages = notes.into_iter().map(|(position, note)| (position, to_proto::note(&case, note)));
    let (notes, next_page_token) = page_tokens.paginate(size, messages)?;
    Ok(Response::new(ListReviewNotesResponse { notes, next_page_token }))
}
