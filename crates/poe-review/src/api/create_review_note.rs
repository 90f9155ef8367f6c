//! CreateReviewNote (R55): one command, see `Api::give` for its cost; a repeated request id costs one read more.
use super::{Api, convert, error, request::CaseRequest as _};
use crate::{
    domain::{Note, ReviewCase},
    store::{self, notes::Notes},
};
use cpor_kit::request::open;
use cpor_proto::reviews::v1::{CreateReviewNoteRequest, ReviewNote};
use tonic::{Request, Response, Status};

pub(super) async fn handle(
    api: &Api,
    request: Request<CreateReviewNoteRequest>,
) -> Result<Response<ReviewNote>, Status> {
    let (caller, request) = open(request)?;
    let case = convert::case_name(&request.parent)?;
    // Under a request id it follows from that, so that a repeat finds what the first request wrote.
    let id = request.request_uuid(&caller).unwrap_or_else(|| api.entropy.uuid());
    let (author, text) = (caller.subject.clone(), request.note.clone().unwrap_or_default().text);
    let decide = move |case: &ReviewCase, now| {
        case.note(Note { id, author: author.clone(), text: text.clone(), time: now }, now)
    };
    api.give("create_review_note", &caller, &request, decide).await?;
    let written = Notes::of(api.db.writer(), &store::key(case.tenant, case.case)).get(id).await;
    let written = written.map_err(|error| error::unread(&error))?.ok_or_else(error::not_found)?;
    Ok(Response::new(convert::note(&case, written)))
}
