use cpor_durable::{Command, Failure, Transition};
use cpor_kit::{request, status};
use cpor_proto::registry::v1::{Association, DeclineLegacyAssociationRequest, ErrorReason};
use cpor_types::AssociationName;
use tonic::{Code, Request, Response, Status};

use super::{Answer, Api, convert, error};
use crate::domain::legacy::NotDeclined;
use crate::store::{query, tenant};

/// One transaction, and one read of what it made.
pub(super) async fn decline_legacy_association(
    api: &Api,
    request: Request<DeclineLegacyAssociationRequest>,
) -> Answer<Association> {
    let (caller, request) = request::open(request)?;
    let name: AssociationName = request.name.parse().map_err(error::malformed("name"))?;
    let command = Command::new("decline_legacy_association", tenant::key(name.tenant), caller.actor);
    let id = name.association;
    let declined = api.tenants.execute(command, move |known, now| {
        let (next, events) = known.ok_or(NotDeclined::NotLive)?.decline_legacy(id, now)?;
        Ok(Some(Transition::new(next, events)))
    });
    match declined.await {
        // What is over is answered as it ended, if it is one.
        Ok(_) | Err(Failure::Refused(NotDeclined::NotLive)) => {}
        Err(Failure::Refused(NotDeclined::OfClaim)) => return Err(of_claim()),
        Err(failure) => return Err(error::failed(failure, |_| of_claim(), error::taken)),
    }
    let found = query::association(api.db.writer(), &name).await.map_err(error::unread)?;
    let found = found.ok_or_else(|| status::not_found(&request.name))?;
    if found.1.line().is_some() {
        return Err(of_claim());
    }
    Ok(Response::new(convert::association(&found)))
}

fn of_claim() -> Status {
    let message = "the association is of a claim: decline the claim";
    error::refused(Code::FailedPrecondition, ErrorReason::AssociationOfClaim, message)
}
