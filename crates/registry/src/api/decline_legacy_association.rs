//! The RPC `DeclineLegacyAssociation`.
use std::collections::BTreeMap;

use cpor_call::status;
use cpor_durable::{Command, CommandError, CommandOutcome, RequestId, Transition};
use cpor_proto::registry::v1::{Association, DeclineLegacyAssociationRequest, ErrorReason};
use cpor_rpc::request;
use cpor_types::AssociationName;
use tonic::{Code, Request, Response, Status};

use super::{Api, ApiResult, convert, error};
use crate::domain::legacy::DeclineRefusal;
use crate::store::{query, tenant};

/// Ends a legacy association, which was recorded before claims existed, because the customer
/// declined it (R58). A repeated request returns the ended association.
///
/// Uses one transaction and one query for the result.
pub(super) async fn decline_legacy_association(
    api: &Api,
    request: Request<DeclineLegacyAssociationRequest>,
) -> ApiResult<Association> {
    let (caller, request) = request::validate(request)?;
    let name: AssociationName = request.name.parse().map_err(error::malformed_field("name"))?;
    let request_id = RequestId::from_request(&caller, "DeclineLegacyAssociation", &request)?;
    let command = Command::new("decline_legacy_association", tenant::key(name.tenant), caller.actor)
        .request(request_id)
        .validate_only(request.validate_only);
    let id = name.association;
    let declined = api.tenants.execute(command, move |current, now| {
        let (next, events) = current.ok_or(DeclineRefusal::NotLive)?.decline_legacy(id, now)?;
        Ok(Some(Transition::new(next, events)))
    });
    match declined.await {
        Ok(CommandOutcome { state: Some(tenant), .. }) if request.validate_only => {
            // Nothing was stored. The response is the association as it would be.
            if let Some(association) = tenant.associations.get(&id) {
                return Ok(Response::new(convert::association(&(name, association.clone()), &BTreeMap::new())));
            }
        }
        // An association that has already ended is returned as it is. The query below finds out
        // whether it exists.
        Ok(_) | Err(CommandError::Refused(DeclineRefusal::NotLive)) => {}
        Err(CommandError::Refused(DeclineRefusal::BelongsToClaim)) => return Err(belongs_to_claim()),
        Err(failure) => return Err(error::command_failed(failure, |_| belongs_to_claim(), error::conflict)),
    }
    let found = query::association(api.db.writer(), &name, None).await.map_err(error::read_failed)?;
    let found = found.ok_or_else(|| status::not_found(&request.name))?;
    let (_, association) = &found;
    if association.claimed_line().is_some() {
        return Err(belongs_to_claim());
    }
    Ok(Response::new(convert::association(&found, &BTreeMap::new())))
}

fn belongs_to_claim() -> Status {
    let message = "the association belongs to a claim; decline the claim instead";
    error::with_reason(Code::FailedPrecondition, ErrorReason::AssociationOfClaim, message)
}
