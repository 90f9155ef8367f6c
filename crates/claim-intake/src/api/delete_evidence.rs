//! Implements DeleteEvidence, which removes a document from a draft. The document remains in the
//! history and in the evidence store (R14). Cost: one transaction and one read.
use super::{RpcResult, convert};
use crate::{call::Call, error::CallError, service::ClaimIntake, store::Documents};
use cpor_proto::claims::v1 as wire;
use cpor_rpc::request::validate;
use tonic::{Request, Response};

pub(super) async fn delete_evidence(
    intake: &ClaimIntake,
    request: Request<wire::DeleteEvidenceRequest>,
) -> RpcResult<wire::Evidence> {
    let (caller, request) = validate(request)?;
    let (call, evidence) = Call::on_evidence(&caller, "DeleteEvidence", &request.name)?;
    let call =
        call.with_etag(&request.etag).with_request_id(&caller, &request)?.with_validate_only(request.validate_only);

    intake.decide(&call, move |claim, now| claim.remove_evidence(evidence, now).map(Some)).await?;

    let document =
        Documents::including_removed(intake.reader(), &call.claim).get(evidence).await.map_err(CallError::from)?;
    Ok(Response::new(convert::evidence_to_wire(&call.claim, document.ok_or_else(|| call.not_found())?)))
}
