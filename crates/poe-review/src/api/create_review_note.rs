//! CreateReviewNote: adds a note to a case, which only reviewers can read (R55). Executes one
//! command (see `Api::execute_command` for its cost) and one query.
use super::{Api, error, from_proto, request_id::CaseCommandRequest as _, to_proto};
use crate::{
    domain::{Note, ReviewCase},
    store::{case_key, notes::NoteQuery},
};
use cpor_kit::request::validate;
use cpor_proto::reviews::v1::{CreateReviewNoteRequest, ReviewNote};
use tonic::{Request, Response, Status};

pub(super) async fn handle(
    api: &Api,
    request: Request<CreateReviewNoteRequest>,
) -> Result<Response<ReviewNote>, Status> {
    let (caller, request) = validate(request)?;
    let case = from_proto::case_name(&request.parent)?;
    // With a request id, the note's id is derived from it, so that a replayed request finds the
    // first note.
    let id = request.uuid_from_request_id(&caller).unwrap_or_else(|| api.entropy.uuid());
    let (author, text) = (caller.subject.clone(), request.note.clone().unwrap_or_default().text);
    let decide = move |case: &ReviewCase, now| {
        case.add_note(Note { id, author: author.clone(), text: text.clone(), time: now }, now)
    };
    api.execute_command("create_review_note", &caller, &request, decide).await?;
    let query = NoteQuery::for_case(api.db.writer(), &case_key(case.tenant, case.case));
    let note = query.get(id).await.map_err(|cause| error::from_store_error(&cause))?.ok_or_else(error::not_found)?;
    Ok(Response::new(to_proto::note(&case, note)))
}
