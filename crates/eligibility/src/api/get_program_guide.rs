//! `GetProgramGuide`: returns a program guide (the conditions and rates of payment) of the catalog.
use cpor_proto::eligibility::v1::{GetProgramGuideRequest, ProgramGuide};
use cpor_rpc::request;
use cpor_types::ProgramGuideName;
use tonic::{Request, Response, Status};

use super::{Api, convert, error::Refusal, parse, scope::can_see_guide};

pub(super) async fn get_program_guide(
    api: &Api,
    request: Request<GetProgramGuideRequest>,
) -> Result<Response<ProgramGuide>, Status> {
    let (caller, GetProgramGuideRequest { name }) = request::validate(request)?;
    let parsed_name: ProgramGuideName = parse::required("name", &name)?;
    let catalog = api.guide_catalog().await?;
    let found = catalog.get(&parsed_name.guide).filter(|guide| can_see_guide(&caller, guide));
    Ok(Response::new(convert::to_program_guide(found.ok_or(Refusal::NotFound { resource: name })?)))
}
