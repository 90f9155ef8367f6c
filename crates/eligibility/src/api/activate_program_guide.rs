//! `ActivateProgramGuide` (R52): puts a draft of a program guide (the conditions and rates of
//! payment) in force for a period, in one transaction on the guide catalog. Afterwards the assessor
//! assesses all claims again (R54).
use cpor_durable::{Command, RequestId};
use cpor_proto::eligibility::v1::{ActivateProgramGuideRequest, ProgramGuide};
use cpor_rpc::request;
use cpor_types::{Month, ProgramGuideName};
use tonic::{Request, Response, Status};

use super::{Api, convert, error::Refusal, parse};
use crate::{domain::GuideCatalog, store::guide_catalog};

pub(super) async fn activate_program_guide(
    api: &Api,
    request: Request<ActivateProgramGuideRequest>,
) -> Result<Response<ProgramGuide>, Status> {
    let (caller, request) = request::validate(request)?;
    let name: ProgramGuideName = parse::required("name", &request.name)?;
    let start: Month = parse::required("start_month", &request.start_month)?;
    let end: Option<Month> = parse::optional("end_month", &request.end_month)?;

    let guide = name.guide.clone();
    let activate = move |current: &GuideCatalog, _| current.activate(&guide, start, end);
    let catalog = if request.validate_only {
        let now = api.now().await?;
        activate(&api.guide_catalog().await?, now).map_err(Refusal::Guide)?.next
    } else {
        let command = Command::new("activate_program_guide", guide_catalog::catalog_key(), caller.actor.clone());
        let request_id = RequestId::from_request(&caller, "ActivateProgramGuide", &request)?;
        api.change_guide_catalog(command.request(request_id), activate).await?
    };
    let activated = catalog.get(&name.guide).ok_or(Refusal::NotFound { resource: request.name })?;
    Ok(Response::new(convert::to_program_guide(activated)))
}
