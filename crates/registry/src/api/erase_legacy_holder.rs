//! The RPC `EraseLegacyHolder`. A legacy association was recorded before claims existed (R58). Its
//! *holder* is the partner that is on record by it; the registry stores a contact of the holder.
use std::collections::BTreeMap;

use cpor_call::status;
use cpor_durable::{Command, CommandError, RequestId, Transition};
use cpor_proto::registry::v1::{Association, EraseLegacyHolderRequest, ErrorReason};
use cpor_rpc::request;
use cpor_types::AssociationName;
use tonic::{Code, Request, Response, Status};

use super::{Api, ApiResult, convert, error};
use crate::domain::association::HolderErasure;
use crate::domain::legacy::EraseRefusal;
use crate::store::{query, tenant};

/// Erases the contact of the holder of a legacy association that has ended (R56). The same
/// transaction records who erased it, when and why.
///
/// Uses one transaction and one query for the result.
pub(super) async fn erase_legacy_holder(
    api: &Api,
    request: Request<EraseLegacyHolderRequest>,
) -> ApiResult<Association> {
    let (caller, request) = request::validate(request)?;
    let name: AssociationName = request.name.parse().map_err(error::malformed_field("name"))?;
    let request_id = RequestId::from_request(&caller, "EraseLegacyHolder", &request)?;
    let (actor, reason) = (caller.actor.clone(), request.reason.clone());
    let command = Command::new("erase_legacy_holder", tenant::key(name.tenant), caller.actor)
        .request(request_id)
        .validate_only(request.validate_only);
    let id = name.association;
    let erased = api.tenants.execute(command, move |current, now| {
        let erasure = HolderErasure { time: now, actor: actor.clone(), reason: reason.clone() };
        let change = current.ok_or(EraseRefusal::NotFound)?.erase_legacy_holder(id, &erasure)?;
        Ok(change.map(|(next, events)| Transition::new(next, events)))
    });
    match erased.await {
        // Associations of claims that ended before the partner was on record (official) are not
        // loaded. The query below finds out whether the requested association is one of them.
        Ok(_) | Err(CommandError::Refused(EraseRefusal::NotFound)) => {}
        Err(failure) => return Err(error::command_failed(failure, refused, error::conflict)),
    }
    let found = query::association(api.db.writer(), &name, None).await.map_err(error::read_failed)?;
    let found = found.ok_or_else(|| status::not_found(&request.name))?;
    let (_, association) = &found;
    if association.claimed_line().is_some() {
        return Err(refused(EraseRefusal::BelongsToClaim));
    }
    Ok(Response::new(convert::association(&found, &BTreeMap::new())))
}

fn refused(refusal: EraseRefusal) -> Status {
    let (reason, message) = match refusal {
        EraseRefusal::NotFound => return status::not_found("the association"),
        EraseRefusal::NotEnded => (
            ErrorReason::HolderDataNeeded,
            "the legacy association has not ended, so its holder still has to be told of changes",
        ),
        EraseRefusal::BelongsToClaim => (
            ErrorReason::AssociationOfClaim,
            "the association belongs to a claim; erase the personal data of the claim instead",
        ),
    };
    error::with_reason(Code::FailedPrecondition, reason, message)
}
