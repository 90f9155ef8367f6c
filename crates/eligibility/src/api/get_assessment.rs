//! `GetAssessment`: one indexed read.
use cpor_kit::request;
use cpor_proto::eligibility::v1::{Assessment, GetAssessmentRequest};
use cpor_types::AssessmentName;
use tonic::{Request, Response, Status};

use super::{Api, convert, error::Refusal, scope::scope};
use crate::store::{self, assessments};

pub(super) async fn get_assessment(
    api: &Api,
    request: Request<GetAssessmentRequest>,
) -> Result<Response<Assessment>, Status> {
    let (caller, GetAssessmentRequest { name }) = request::open(request)?;
    let key: AssessmentName = name.parse().map_err(|malformed| Refusal::Malformed { field: "name", malformed })?;
    let scope = scope(&caller, &name)?;
    let found = assessments::get(api.db.reader(), &scope, &store::key_of(&key)).await.map_err(Refusal::Store)?;
    let found = found.ok_or(Refusal::NotFound { resource: name })?;
    Ok(Response::new(convert::assessment(found.state)))
}
