//! `GetProgramGuide`: from memory.
use cpor_kit::request;
use cpor_proto::eligibility::v1::{GetProgramGuideRequest, ProgramGuide};
use cpor_types::ProgramGuideName;
use tonic::{Request, Response, Status};

use super::{Api, convert, error::Refusal};

pub(super) fn get_program_guide(
    api: &Api,
    request: Request<GetProgramGuideRequest>,
) -> Result<Response<ProgramGuide>, Status> {
    let (_, GetProgramGuideRequest { name }) = request::open(request)?;
    let wanted: ProgramGuideName = name.parse().map_err(|malformed| Refusal::Malformed { field: "name", malformed })?;
    let found = api.guides.get(&wanted.guide).ok_or(Refusal::NotFound { resource: name })?;
    Ok(Response::new(convert::guide(found)))
}
