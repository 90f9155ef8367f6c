//! Implements ResubmitClaim, the partner's answer to a request for partner action (R21). Cost: one
//! read, one call to the registry service and one transaction, all repeated if the claim
//! changes in between.
use super::{RpcResult, convert, create_comment::NewComment, view::View};
use crate::{
    call::Call,
    domain::{Claim, Command, Resubmit},
    service::{ClaimIntake, RegistryNeed},
};
use cpor_proto::claims::v1 as wire;
use cpor_rpc::request::validate;
use tonic::{Request, Response};

pub(super) async fn resubmit_claim(
    intake: &ClaimIntake,
    request: Request<wire::ResubmitClaimRequest>,
) -> RpcResult<wire::Claim> {
    let (caller, request) = validate(request)?;
    let call = Call::new(&caller, "ResubmitClaim", &request.name)?
        .with_etag(&request.etag)
        .with_request_id(&caller, &request)?
        .with_validate_only(request.validate_only);
    let comment = NewComment::from_text(intake, &call, &request.comment);

    let rules = intake.rules.clone();
    let content =
        |claim: &Claim| claim.allows(Command::Resubmit).then(|| (RegistryNeed::Required, claim.content.clone()));
    let outcome = intake
        .decide_with_facts(&call, content, move |claim, facts, now| {
            let resubmit = Resubmit { comment: comment.as_ref().map(|comment| comment.written_at(now)) };
            claim.resubmit(resubmit, facts, &rules, now).map(Some)
        })
        .await?;

    let claim = convert::claim_to_wire(outcome.claim, View::for_caller(&caller), &intake.rules)?;
    Ok(Response::new(claim))
}
