use std::convert::Infallible;
use std::sync::Arc;

use cpor_durable::{Command, Failure, Transition};
use cpor_kit::request;
use cpor_proto::registry::v1::{LineRefusal as WireRefusal, PlaceHoldRequest, PlaceHoldResponse};
use cpor_types::{AssociationKey, AssociationName, LineId, ProductName, TenantId, TenantName};
use tonic::{Code, Request, Response, Status};
use uuid::Uuid;

use super::{Answer, Api, convert, error};
use crate::domain::hold::{LineToHold, PlaceHold};
use crate::domain::reason::Reason;
use crate::domain::tenant::{Decision, LineRefusal, Tenant};
use crate::store::tenant::Clash;
use crate::store::{query, tenant};

/// One read of the partner, which is another aggregate, then one transaction: five reads, at most five writes, one
/// fsync. All of that but the read of the partner is shared with the commands that wait at the same time.
///
/// A repeated decision is answered by what was decided first, and writes nothing.
pub(super) async fn place_hold(api: &Api, request: Request<PlaceHoldRequest>) -> Answer<PlaceHoldResponse> {
    let (caller, request) = request::open(request)?;
    let TenantName { tenant } = request.tenant.parse().map_err(error::malformed("tenant"))?;
    let hold = Arc::new(hold(request)?);
    let partner = query::partner(api.db.reader(), &hold.claim.partner).await.map_err(error::unread)?;
    let (catalog, decided) = (Arc::clone(&api.catalog), Arc::clone(&hold));
    let command = Command::new("place_hold", tenant::key(tenant), caller.actor);
    let outcome = api.tenants.execute(command, move |known, now| {
        let changed = known.ok_or(Reason::TenantUnknown)?.place(&decided, partner.as_ref(), &catalog, now);
        Ok(changed.map(|(next, events)| Transition::new(next, events)))
    });
    let response = match outcome.await {
        Ok(committed) => answer(tenant, committed.state.as_ref(), &hold)?,
        Err(Failure::Refused(reason)) => refused(vec![LineRefusal { line_id: None, reason }]),
        Err(Failure::Clash(clash)) => refused(clashed(&clash, &hold)),
        Err(failure) => return Err(other(failure)),
    };
    Ok(Response::new(response))
}

fn other(failure: Failure<Reason, Clash>) -> Status {
    let odd = |reason: ErrorReasonOf| error::refused(Code::FailedPrecondition, error::on_the_wire(reason.0), reason.0.describe());
    error::failed(failure, |reason| odd(ErrorReasonOf(reason)), |_| odd(ErrorReasonOf(Reason::KeyHeld)))
}
