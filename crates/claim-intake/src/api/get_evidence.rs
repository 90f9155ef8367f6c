//! Implements GetEvidence, which returns the metadata of one document (R14). Cost: one read.
use super::{RpcResult, convert};
use crate::{call::Call, error::CallError, service::ClaimIntake, store::Documents};
use cpor_proto::claims::v1 as wire;
use cpor_rpc::request::validate;
use tonic::{Request, Response};

pub(super) async fn get_evidence(
    intake: &ClaimIntake,
    request: Request<wire::GetEvidenceRequest>,
) -> RpcResult<wire::Evidence> {
    let (caller, request) = validate(request)?;
    let (call, evidence) = Call::on_evidence(&caller, "GetEvidence", &request.name)?;
    let document = Documents::on_claim(intake.reader(), &call.claim).get(evidence).await.map_err(CallError::from)?;
    let document = document.ok_or_else(|| call.not_found())?;
    Ok(Response::new(convert::evidence_to_wire(&call.claim, document)))
}
