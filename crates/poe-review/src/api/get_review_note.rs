//! GetReviewNote: returns one note of a case (R55). Executes one query.
use super::{Api, from_proto, to_proto};
use crate::store::{case_key, notes::NoteQuery};
use cpor_call::status;
use cpor_proto::reviews::v1::{GetReviewNoteRequest, ReviewNote};
use cpor_rpc::request::validate;
use cpor_types::{ReviewCaseName, ReviewNoteName};
use tonic::{Request, Response, Status};

pub(super) async fn handle(api: &Api, request: Request<GetReviewNoteRequest>) -> Result<Response<ReviewNote>, Status> {
    let (_, request) = validate(request)?;
    let ReviewNoteName { tenant, case, note } = from_proto::resource_name(&request.name)?;
    let found = NoteQuery::for_case(api.db.reader(), &case_key(tenant, case)).get(note.uuid()).await;
    let found = found
        .map_err(|cause| cpor_durable::status::store_error(&cause))?
        .ok_or_else(|| status::not_found(&request.name))?;
    Ok(Response::new(to_proto::note(&ReviewCaseName { tenant, case }, found)))
}
