//! Implements DisputeClaim, the partner's objection to a rejection (R28). Cost: one read, one call
//! to the registry service and one transaction, all repeated if the claim changes in between.
use super::{RpcResult, convert, create_comment::NewComment, view::View};
use crate::{
    call::Call,
    domain::{Claim, Command, Dispute},
    service::{ClaimIntake, RegistryNeed},
};
use cpor_proto::claims::v1 as wire;
use cpor_rpc::request::validate;
use cpor_types::CaseId;
use tonic::{Request, Response};

pub(super) async fn dispute_claim(
    intake: &ClaimIntake,
    request: Request<wire::DisputeClaimRequest>,
) -> RpcResult<wire::Claim> {
    let (caller, request) = validate(request)?;
    let call = Call::new(&caller, "DisputeClaim", &request.name)?
        .with_etag(&request.etag)
        .with_request_id(&caller, &request)?
        .with_validate_only(request.validate_only);
    let justification = NewComment::from_text(intake, &call, &request.justification);
    let review_case = CaseId(intake.entropy.uuid());

    let rules = intake.rules.clone();
    let content =
        |claim: &Claim| claim.allows(Command::Dispute).then(|| (RegistryNeed::Required, claim.content_for_dispute()));
    let outcome = intake
        .decide_with_facts(&call, content, move |claim, facts, now| {
            let dispute =
                Dispute { review_case, justification: justification.as_ref().map(|comment| comment.written_at(now)) };
            claim.dispute(dispute, facts, &rules, now).map(Some)
        })
        .await?;

    let claim = convert::claim_to_wire(outcome.claim, View::for_caller(&caller), &intake.rules)?;
    Ok(Response::new(claim))
}
