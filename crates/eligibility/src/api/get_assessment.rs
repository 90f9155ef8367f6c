//! `GetAssessment`: returns the assessment of a claim (whether and how much its lines, the claimed
//! workloads or subscriptions, earn) with its latest result, or with the result of the requested
//! month.
use cpor_proto::eligibility::v1::{Assessment, GetAssessmentRequest};
use cpor_rpc::request;
use cpor_types::{AssessmentName, Month};
use tonic::{Request, Response, Status};

use super::{Api, convert, error::Refusal, parse, scope::scope_of_caller};
use crate::store::{self, assessments};

pub(super) async fn get_assessment(
    api: &Api,
    request: Request<GetAssessmentRequest>,
) -> Result<Response<Assessment>, Status> {
    let (caller, GetAssessmentRequest { name, month }) = request::validate(request)?;
    let parsed_name: AssessmentName = parse::required("name", &name)?;
    let month: Option<Month> = parse::optional("month", &month)?;
    let (scope, key) = (scope_of_caller(&caller, &name)?, store::assessment_key_from_name(&parsed_name));
    let found = assessments::get(api.db.reader(), &scope, &key).await.map_err(Refusal::Store)?;
    let not_found = || Refusal::NotFound { resource: name.clone() };
    let assessment = found.ok_or_else(not_found)?.state;
    let result = match month {
        None => assessment.latest.clone(),
        Some(month) => {
            let result = assessments::get_monthly_result(api.db.reader(), &key, month).await;
            Some(result.map_err(Refusal::Store)?.ok_or_else(not_found)?)
        }
    };
    Ok(Response::new(convert::to_assessment(&assessment, result)))
}
