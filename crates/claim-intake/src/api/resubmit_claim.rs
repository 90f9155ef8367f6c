//! ResubmitClaim (R21): as SubmitClaim, one read, one call of the registry, one decision; repeated while the claim
//! moves.
use super::{Answer, convert, create_comment::Said, view::View};
use crate::{
    call::Call,
    domain::{Claim, Command, Resubmit},
    intake::{Intake, Need},
};
use cpor_kit::request::open;
use cpor_proto::claims::v1 as wire;
use tonic::{Request, Response};

pub(super) async fn resubmit_claim(
    intake: &Intake,
    request: Request<wire::ResubmitClaimRequest>,
) -> Answer<wire::Claim> {
    let (caller, request) = open(request)?;
    let call = Call::new(&caller, "ResubmitClaim", &request.name)?
        .etag(&request.etag)
        .once(&caller, &request.request_id, &request)
        .validate_only(request.validate_only);
    let said = Said::of(intake, &call, &request.comment);

    let rules = intake.rules.clone();
    let content = |claim: &Claim| claim.admits(Command::Resubmit).then(|| (Need::Submission, claim.content.clone()));
    let judged = intake
        .decide_with_facts(&call, content, move |claim, facts, now| {
            let resubmit = Resubmit { comment: said.as_ref().map(|said| said.at(now)) };
            claim.resubmit(resubmit, facts, &rules, now).map(Some)
        })
        .await?;

    let claim = convert::claim(judged.claim, View::of(&caller), &intake.rules)?;
    Ok(Response::new(claim))
}
