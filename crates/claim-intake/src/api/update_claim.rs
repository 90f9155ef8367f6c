//! Implements UpdateClaim, for drafts (R17) and for submitted claims (R29). Cost: one read, one
//! call to the registry service and one transaction, all repeated if the claim changes in
//! between.
use super::{
    RpcResult, convert,
    parse::{PlannedUpdate, parse_content},
    view::View,
};
use crate::{
    call::Call,
    domain::{Claim, Command, Refusal},
    service::{ClaimIntake, RegistryNeed},
};
use cpor_auth::Caller;
use cpor_proto::claims::v1 as wire;
use cpor_rpc::request::validate;
use cpor_types::Role;
use tonic::{Request, Response};

pub(super) async fn update_claim(
    intake: &ClaimIntake,
    request: Request<wire::UpdateClaimRequest>,
) -> RpcResult<wire::Claim> {
    let (caller, request) = validate(request)?;
    let (mask, claim) = (request.update_mask.clone(), request.claim.clone().unwrap_or_default());
    let call = Call::new(&caller, "UpdateClaim", &claim.name)?
        .with_etag(&claim.etag)
        .with_request_id(&caller, &request)?
        .with_validate_only(request.validate_only);
    let content = parse_content(claim, &*intake.entropy)?;
    let update = PlannedUpdate::new(mask, content)?;

    let (planned_update, rules, may_edit) = (update.clone(), intake.rules.clone(), may_edit(&caller));
    let content = move |claim: &Claim| {
        let is_allowed = claim.allows(Command::Update) && may_edit(claim);
        is_allowed.then(|| (RegistryNeed::for_update(claim), claim.content_after(&planned_update.for_claim(claim))))
    };
    let outcome = intake
        .decide_with_facts(&call, content, move |claim, facts, now| match may_edit(claim) {
            true => claim.update(&update.for_claim(claim), facts, &rules, now),
            false => Err(Refusal::DraftsOnly),
        })
        .await?;

    let claim = convert::claim_to_wire(outcome.claim, View::for_caller(&caller), &intake.rules)?;
    Ok(Response::new(claim))
}

/// Returns a function that checks whether the caller may edit a claim. Only administrators may edit
/// a submitted claim (R4).
pub(super) fn may_edit(caller: &Caller) -> impl Fn(&Claim) -> bool + Copy + Send + 'static {
    let is_administrator =
        [Role::GlobalAdmin, Role::BillingAdmin, Role::IncentivesAdmin].into_iter().any(|role| caller.has_role(role));
    move |claim| is_administrator || claim.state.submission().is_none()
}
