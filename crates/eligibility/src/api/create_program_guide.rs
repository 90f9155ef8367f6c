//! `CreateProgramGuide` (R52): adds a draft of a program guide (the conditions and rates of
//! payment). It checks the whole guide and reports all violations at once, and then adds the draft
//! in one transaction on the guide catalog.
use cpor_call::status::{self, FieldViolation};
use cpor_durable::{Command, RequestId};
use cpor_proto::eligibility::v1::{CreateProgramGuideRequest, ProgramGuide};
use cpor_rpc::request;
use cpor_types::ProgramGuideId;
use tonic::{Request, Response, Status};

use super::{Api, convert, error::Refusal};
use crate::{
    domain::{Guide, GuideCatalog},
    store::guide_catalog,
};

pub(super) async fn create_program_guide(
    api: &Api,
    request: Request<CreateProgramGuideRequest>,
) -> Result<Response<ProgramGuide>, Status> {
    let violations = guide_violations(request.get_ref());
    let (caller, request) = request::validate(request).map_err(|status| with_violations(status, &violations))?;
    if !violations.is_empty() {
        return Err(status::invalid_fields(violations));
    }
    let (id, guide) = (parse_id(&request)?, request.program_guide.clone().unwrap_or_default());
    let document = convert::to_document(id.clone(), &guide).document;
    let revises = convert::parse_revises(&guide);
    let revises = revises.map_err(|malformed| Refusal::Malformed { field: "program_guide.revises", malformed })?;

    let create = move |current: &GuideCatalog, now| current.create(document.clone(), revises.clone(), now);
    let catalog = if request.validate_only {
        let now = api.now().await?;
        create(&api.guide_catalog().await?, now).map_err(Refusal::Guide)?.next
    } else {
        let key = guide_catalog::catalog_key();
        let command = Command::new("create_program_guide", key, caller.actor.clone());
        let request_id = RequestId::from_request(&caller, "CreateProgramGuide", &request)?;
        api.change_guide_catalog(command.request(request_id), create).await?
    };
    let created = catalog.get(&id).ok_or(Refusal::NotFound { resource: id.to_string() })?;
    Ok(Response::new(convert::to_program_guide(created)))
}

fn parse_id(request: &CreateProgramGuideRequest) -> Result<ProgramGuideId, Refusal> {
    let id = request.program_guide_id.parse();
    id.map_err(|malformed| Refusal::Malformed { field: "program_guide_id", malformed })
}

/// Returns the violations of rules that the constraints in the proto cannot express.
fn guide_violations(request: &CreateProgramGuideRequest) -> Vec<FieldViolation> {
    let Some(guide) = &request.program_guide else { return Vec::new() };
    // An invalid id is replaced by the placeholder `x`, so that the rest of the guide can still be
    // checked.
    let Ok(id) = parse_id(request).or_else(|_| "x".parse()) else { return Vec::new() };
    let parsed = convert::to_document(id, guide);
    let document_violations = Guide::compile_partial(&parsed.document, &parsed.rate_indexes).err().unwrap_or_default();
    let mut violations = parsed.violations;
    violations.extend(document_violations.iter().map(convert::to_field_violation));
    violations
}

/// Adds the violations to a status that reports invalid fields. Returns any other status unchanged.
fn with_violations(status: Status, violations: &[FieldViolation]) -> Status {
    if status::reason(&status).as_deref() != Some("INVALID_FIELDS") || violations.is_empty() {
        return status;
    }
    status::invalid_fields(status::field_violations(&status).into_iter().chain(violations.iter().cloned()).collect())
}
