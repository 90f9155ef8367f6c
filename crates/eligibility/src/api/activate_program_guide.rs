//! `ActivateProgramGuide` (R52): one transaction on the shelf. Its new edition makes the assessor assess again (R54).
use cpor_durable::Command;
use cpor_kit::request;
use cpor_proto::eligibility::v1::{ActivateProgramGuideRequest, ProgramGuide};
use cpor_types::{Month, ProgramGuideName};
use tonic::{Request, Response, Status};

use super::{Api, call, convert, error::Refusal, parse};
use crate::{domain::Shelf, store::guides};

pub(super) async fn activate_program_guide(
    api: &Api,
    request: Request<ActivateProgramGuideRequest>,
) -> Result<Response<ProgramGuide>, Status> {
    let (caller, request) = request::open(request)?;
    let name: ProgramGuideName = parse::required("name", &request.name)?;
    let start: Month = parse::required("start_month", &request.start_month)?;
    let end: Option<Month> = parse::optional("end_month", &request.end_month)?;

    let guide = name.guide.clone();
    let activate = move |known: &Shelf, _| known.activate(&guide, start, end);
    let shelf = if request.validate_only {
        let now = api.now().await?;
        activate(&api.shelf().await?, now).map_err(Refusal::Shelf)?.next
    } else {
        let command = Command::new("activate_program_guide", guides::key(), caller.actor.clone());
        let command = command.request(call::request_id(&caller, "ActivateProgramGuide", &request.request_id, &request));
        api.change_shelf(command, activate).await?
    };
    api.assessor.wake();
    Ok(Response::new(convert::guide(shelf.get(&name.guide).ok_or(Refusal::NotFound { resource: request.name })?)))
}
