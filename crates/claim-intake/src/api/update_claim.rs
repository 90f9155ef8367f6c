//! UpdateClaim (R17, R29): one read, one call of the registry, one decision; repeated while the claim moves.
use super::{Answer, convert, parse, view::View};
use crate::{
    call::Call,
    domain::{Claim, Command, Refusal, Update},
    intake::{Intake, Need},
};
use cpor_kit::{Caller, request::open};
use cpor_proto::claims::v1 as wire;
use cpor_types::Role;
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

    let (after, rules, may_edit) = (update.clone(), intake.rules.clone(), may_edit(&caller));
    let content = move |claim: &Claim| {
        let admitted = claim.admits(Command::Update) && may_edit(claim);
        admitted.then(|| (Need::of(claim), claim.content_after(&after)))
    };
    let judged = intake
        .decide_with_facts(&call, content, move |claim, facts, now| match may_edit(claim) {
            true => claim.update(&update, facts, &rules, now),
            false => Err(Refusal::DraftsOnly),
        })
        .await?;

    let claim = convert::claim(judged.claim, View::of(&caller), &intake.rules)?;
    Ok(Response::new(claim))
}

/// Whether the caller may change a claim: a submitted one is the administrators' (R4).
pub(super) fn may_edit(caller: &Caller) -> impl Fn(&Claim) -> bool + Copy + Send + 'static {
    let administers =
        [Role::GlobalAdmin, Role::BillingAdmin, Role::IncentivesAdmin].into_iter().any(|role| caller.has(role));
    move |claim| administers || claim.state.submission().is_none()
}
