//! `GetProgramGuide`: one read of the shelf.
use cpor_kit::request;
use cpor_proto::eligibility::v1::{GetProgramGuideRequest, ProgramGuide};
use cpor_types::ProgramGuideName;
use tonic::{Request, Response, Status};

use super::{Api, convert, error::Refusal, parse, scope::sees_guide};

pub(super) async fn get_program_guide(
    api: &Api,
    request: Request<GetProgramGuideRequest>,
) -> Result<Response<ProgramGuide>, Status> {
    let (caller, GetProgramGuideRequest { name }) = request::open(request)?;
    let wanted: ProgramGuideName = parse::required("name", &name)?;
    let shelf = api.shelf().await?;
    let found = shelf.get(&wanted.guide).filter(|guide| sees_guide(&caller, guide));
    Ok(Response::new(convert::guide(found.ok_or(Refusal::NotFound { resource: name })?)))
}
