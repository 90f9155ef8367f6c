//! `CreateProgramGuide` (R52): everything that is wrong is named at once, then one transaction on the shelf.
use cpor_durable::Command;
use cpor_kit::{
    request,
    status::{self, FieldViolation},
};
use cpor_proto::eligibility::v1::{CreateProgramGuideRequest, ProgramGuide};
use cpor_types::ProgramGuideId;
use tonic::{Request, Response, Status};

use super::{Api, call, convert, error::Refusal};
use crate::{
    domain::{Guide, GuideDocument, Shelf},
    store::guides,
};

pub(super) async fn create_program_guide(
    api: &Api,
    request: Request<CreateProgramGuideRequest>,
) -> Result<Response<ProgramGuide>, Status> {
    let faults = faults(request.get_ref());
    let (caller, request) = request::open(request).map_err(|status| with(status, &faults))?;
    if !faults.is_empty() {
        return Err(status::invalid(faults));
    }
    let (id, guide) = (id(&request)?, request.program_guide.clone().unwrap_or_default());
    let (document, _) = convert::document(id.clone(), &guide);
    let revises = convert::revises(&guide);
    let revises = revises.map_err(|malformed| Refusal::Malformed { field: "program_guide.revises", malformed })?;

    let create = move |known: &Shelf, now| known.create(document.clone(), revises.clone(), now);
    let shelf = if request.validate_only {
        let now = api.now().await?;
        create(&api.shelf().await?, now).map_err(Refusal::Shelf)?.next
    } else {
        let command = Command::new("create_program_guide", guides::key(), caller.actor.clone());
        let command = command.request(call::request_id(&caller, "CreateProgramGuide", &request.request_id, &request));
        api.change_shelf(command, create).await?
    };
    Ok(Response::new(convert::guide(shelf.get(&id).ok_or(Refusal::NotFound { resource: id.to_string() })?)))
}

fn id(request: &CreateProgramGuideRequest) -> Result<ProgramGuideId, Refusal> {
    let id = request.program_guide_id.parse();
    id.map_err(|malformed| Refusal::Malformed { field: "program_guide_id", malformed })
}

/// What is wrong with the guide beyond what the proto's constraints say.
fn faults(request: &CreateProgramGuideRequest) -> Vec<FieldViolation> {
    let Some(guide) = &request.program_guide else { return Vec::new() };
    // Under an id that is none, the rest can be judged all the same.
    let Ok(id) = id(request).or_else(|_| "x".parse()) else { return Vec::new() };
    let (document, mut faults) = convert::document(id, guide);
    faults.extend(unsound(&document));
    faults
}

fn unsound(document: &GuideDocument) -> Vec<FieldViolation> {
    Guide::of(document).err().unwrap_or_default().iter().map(convert::faulty).collect()
}

/// The same refusal with these faults too, where it is one of fields.
fn with(refused: Status, faults: &[FieldViolation]) -> Status {
    if status::reason(&refused).as_deref() != Some("INVALID_FIELDS") || faults.is_empty() {
        return refused;
    }
    status::invalid(status::violations(&refused).into_iter().chain(faults.iter().cloned()).collect())
}
