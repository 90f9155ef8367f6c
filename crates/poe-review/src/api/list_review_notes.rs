//! ListReviewNotes (R55): one read, oldest first; two where the case has none.
use super::{Api, convert, error};
use crate::store::{self, notes::Notes, query::Cases};
use cpor_kit::{
    page::{self, Binding},
    request::open,
};
use cpor_proto::reviews::v1::{ListReviewNotesRequest, ListReviewNotesResponse};
use tonic::{Request, Response, Status};

pub(super) async fn handle(
    api: &Api,
    request: Request<ListReviewNotesRequest>,
) -> Result<Response<ListReviewNotesResponse>, Status> {
    let (_, request) = open(request)?;
    let case = convert::case_name(&request.parent)?;
    let (binding, size) = (Binding::of(&request), page::size(request.page_size));
    let after: i64 = binding.decode(&request.page_token)?.unwrap_or_default();
    let notes = Notes::of(api.db.reader(), &store::key(case.tenant, case.case)).list(after, size + 1).await;
    let notes = notes.map_err(|error| error::unread(&error))?;
    if notes.is_empty() {
        let found = Cases::of(api.db.reader(), case.tenant).find(case.case).await;
        found.map_err(|error| error::unread(&error))?.ok_or_else(error::not_found)?;
    }
    let shown = notes.into_iter().map(|(position, note)| (position, convert::note(&case, note)));
    let (notes, next_page_token) = binding.page(size, shown)?;
    Ok(Response::new(ListReviewNotesResponse { notes, next_page_token }))
}
