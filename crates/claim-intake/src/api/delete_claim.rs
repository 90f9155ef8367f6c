//! Implements DeleteClaim, which deletes a draft (R17). Cost: one transaction.
use super::{RpcResult, convert, view::View};
use crate::{call::Call, service::ClaimIntake};
use cpor_proto::claims::v1 as wire;
use cpor_rpc::request::validate;
use tonic::{Request, Response};

pub(super) async fn delete_claim(
    intake: &ClaimIntake,
    request: Request<wire::DeleteClaimRequest>,
) -> RpcResult<wire::Claim> {
    let (caller, request) = validate(request)?;
    let call = Call::new(&caller, "DeleteClaim", &request.name)?
        .with_etag(&request.etag)
        .with_request_id(&caller, &request)?
        .with_validate_only(request.validate_only);
    let outcome = intake.decide(&call, |claim, now| claim.delete(now).map(Some)).await?;
    let claim = convert::claim_to_wire(outcome.claim, View::for_caller(&caller), &intake.rules)?;
    Ok(Response::new(claim))
}
