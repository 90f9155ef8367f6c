//! UpdateClaim (R17): one read, one call of the registry, one decision; repeated while the claim moves.
use super::{Answer, convert, parse, view::View};
use crate::{
    call::Call,
    domain::{Claim, Command, Update},
    intake::{Intake, Need},
};
use cpor_kit::request::open;
use cpor_proto::claims::v1 as wire;
use tonic::{Request, Response};

pub(super) async fn update_claim(intake: &Intake, request: Request<wire::UpdateClaimRequest>) -> Answer<wire::Claim> {
    let (caller, request) = open(request)?;
    let (mask, claim) = (request.update_mask.clone(), request.claim.clone().unwrap_or_default());
    let call = Call::new(&caller, "UpdateClaim", &claim.name)?
        .etag(&claim.etag)
        .once(&caller, &request.request_id, &request)
        .validate_only(request.validate_only);
    let content = parse::content(claim, &*intake.entropy)?;
    let update = Update { fields: parse::update_fields(mask, &content)?, content };

    let after = update.clone();
    let content = move |claim: &Claim| claim.admits(Command::Update).then(|| claim.content_after(&after));
    let judged = intake
        .decide_with_facts(&call, Need::Draft, content, move |claim, facts, now| claim.update(&update, facts, now))
        .await?;

    let claim = convert::claim(judged.claim, View::of(&caller), &intake.rules)?;
    Ok(Response::new(claim))
}
