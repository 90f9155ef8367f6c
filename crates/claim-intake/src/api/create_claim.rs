//! CreateClaim (R16): one call of the registry where the draft says something that it can judge, then one decision.
use super::{Answer, convert, parse, view::View};
use crate::{
    call::Call,
    domain::{Claim, Content, Facts, Refusal},
    intake::{Failed, Intake, Judged, Need},
};
use cpor_durable::{Command, Transition, Versioned};
use cpor_kit::request::open;
use cpor_proto::claims::v1 as wire;
use cpor_types::{ClaimId, ClaimName, PartnerName, Timestamp};
use tonic::{Request, Response};

pub(super) async fn create_claim(intake: &Intake, request: Request<wire::CreateClaimRequest>) -> Answer<wire::Claim> {
    let (caller, request) = open(request)?;
    let not_found = |_| Failed::NotFound(request.parent.clone());
    let parent: PartnerName = request.parent.parse().map_err(not_found)?;
    let name = ClaimName { partner: parent.partner, claim: ClaimId(intake.entropy.uuid()) };
    let call = Call::on(&caller, "CreateClaim", &request.parent, name)
        .once(&caller, &request.request_id, &request)
        .validate_only(request.validate_only);
    let content = parse::content(request.claim.unwrap_or_default(), &*intake.entropy)?;

    let facts = intake.facts(&call, Need::Draft, &content).await?;
    let judged = create(intake, &call, content, facts).await?;
    let claim = convert::claim(judged.claim, View::of(&caller), &intake.rules)?;
    Ok(Response::new(claim))
}

/// Creates the call's claim as a draft of `content`, of which these facts are known, or with `validate_only` says what it would be.
pub(super) async fn create(
    intake: &Intake,
    call: &Call,
    content: Content,
    facts: Option<Facts>,
) -> Result<Judged, Failed> {
    let name = call.claim.clone();
    let create = move |now| Claim::create(name.clone(), content.clone(), facts.as_ref(), now);
    if call.validate_only { preview(intake, call, create).await } else { commit(intake, call, create).await }
}

async fn preview(
    intake: &Intake,
    call: &Call,
    create: impl Fn(Timestamp) -> Result<Transition<Claim>, Refusal>,
) -> Result<Judged, Failed> {
    let created = create(intake.now().await?).map_err(|refusal| call.refused(refusal))?;
    Ok(Judged { claim: Versioned::new(0, created.next), replayed: false })
}

async fn commit(
    intake: &Intake,
    call: &Call,
    create: impl Fn(Timestamp) -> Result<Transition<Claim>, Refusal> + Send + 'static,
) -> Result<Judged, Failed> {
    let command = Command::new(call.method, call.key(), call.actor.clone());
    let command = command.expecting(0).request(call.request.clone());
    intake.execute(call, command, move |_, now| create(now).map(Some)).await
}
