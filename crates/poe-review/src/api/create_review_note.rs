//! CreateReviewNote: adds a note to a case, which only reviewers can read (R55). Executes one
//! command (in one transaction; `Api::execute_command` lists the statements), and one query if the
//! request id was already handled.
use super::{Api, case_command_request::CaseCommandRequest, from_proto, to_proto};
use crate::{
    domain::{Note, ReviewCase},
    store::{case_key, notes::NoteQuery},
};
use cpor_call::status;
use cpor_durable::RequestId;
use cpor_proto::reviews::v1::{CreateReviewNoteRequest, ReviewNote};
use cpor_rpc::request::validate;
use tonic::{Request, Response, Status};

pub(super) async fn handle(
    api: &Api,
    request: Request<CreateReviewNoteRequest>,
) -> Result<Response<ReviewNote>, Status> {
    let (caller, request) = validate(request)?;
    let case = from_proto::case_name(&request.parent)?;
    // The note's id is derived from the request id, if there is one, so that a replayed request
    // finds the first note.
    let id = RequestId::from_request(&caller, CreateReviewNoteRequest::METHOD, &request)?;
    let id = id.as_ref().map_or_else(|| api.entropy.uuid(), RequestId::derived_uuid);
    let (author, text) = (caller.subject.expose().to_owned(), request.note.clone().unwrap_or_default().text);
    let new_note = move |time| Note { id, author: author.clone(), text: text.clone(), time };
    let note_at = new_note.clone();
    let decide = move |case: &ReviewCase, now| case.add_note(note_at(now), now);
    let outcome = api.execute_command("create_review_note", &caller, &request, decide).await?;
    if !outcome.replayed {
        return Ok(Response::new(to_proto::note(&case, new_note(outcome.now))));
    }
    let query = NoteQuery::for_case(api.db.writer(), &case_key(case.tenant, case.case));
    let note = query
        .get(id)
        .await
        .map_err(|cause| cpor_durable::status::store_error(&cause))?
        .ok_or_else(|| status::not_found(&request.parent))?;
    Ok(Response::new(to_proto::note(&case, note)))
}
