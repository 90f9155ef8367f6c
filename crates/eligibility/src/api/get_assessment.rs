//! `GetAssessment`: one indexed read, and another for the answer of an earlier month.
use cpor_kit::request;
use cpor_proto::eligibility::v1::{Assessment, GetAssessmentRequest};
use cpor_types::{AssessmentName, Month};
use tonic::{Request, Response, Status};

use super::{Api, convert, error::Refusal, parse, scope::scope};
use crate::store::{self, assessments};

pub(super) async fn get_assessment(
    api: &Api,
    request: Request<GetAssessmentRequest>,
) -> Result<Response<Assessment>, Status> {
    let (caller, GetAssessmentRequest { name, month }) = request::open(request)?;
    let (key, month) = (parse::required::<AssessmentName>("name", &name)?, parse::optional::<Month>("month", &month)?);
    let (scope, key) = (scope(&caller, &name)?, store::key_of(&key));
    let found = assessments::get(api.db.reader(), &scope, &key).await.map_err(Refusal::Store)?;
    let not_found = || Refusal::NotFound { resource: name.clone() };
    let state = found.ok_or_else(not_found)?.state;
    let answer = match month {
        None => state.latest.clone(),
        Some(month) => {
            let answer = assessments::answer(api.db.reader(), &key, month).await.map_err(Refusal::Store)?;
            Some(answer.ok_or_else(not_found)?)
        }
    };
    Ok(Response::new(convert::assessment(&state, answer)))
}
