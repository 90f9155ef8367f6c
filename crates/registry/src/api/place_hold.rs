use std::convert::Infallible;
use std::sync::Arc;

use cpor_durable::{Command, Failure, Transition};
use cpor_kit::{request, status};
use cpor_proto::registry::v1::{self as wire, PlaceHoldRequest, PlaceHoldResponse};
use cpor_types::{AssociationKey, AssociationName, ProductName, TenantId, TenantName};
use tonic::{Request, Response, Status};

use super::{Answer, Api, convert, error};
use crate::domain::hold::{LineToHold, PlaceHold};
use crate::domain::reason::Reason;
use crate::domain::record::{Decision, LineRefusal, Precluded};
use crate::domain::tenant::Tenant;
use crate::store::query::Named;
use crate::store::tenant::Clash;
use crate::store::{query, tenant};

/// One read of the partner, which is another aggregate, then one transaction: six reads, at most six writes, one
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
        let changed = known.and_then(|known| known.place(&decided, partner.as_ref(), &catalog, now));
        Ok::<_, Infallible>(changed.map(|(next, events)| Transition::new(next, events)))
    });
    let answer = match outcome.await {
        Ok(committed) => answer(committed.state.as_ref(), &hold)?,
        Err(Failure::Clash(Clash::Key(key))) => refused(&hold.refused_on(&key)),
        Err(Failure::Clash(Clash::Claim(_, Precluded::Closed))) => refused(&[LineRefusal::whole(Reason::ClaimClosed)]),
        Err(Failure::Clash(Clash::Claim(_, Precluded::Answered))) => first_answer(api, tenant, &hold).await?,
        Err(failure) => return Err(error::failed(failure, |never| match never {}, error::taken)),
    };
    Ok(Response::new(answer))
}

fn answer(tenant: Option<&Tenant>, hold: &PlaceHold) -> Result<PlaceHoldResponse, Status> {
    let Some(tenant) = tenant else {
        return Ok(refused(&[LineRefusal::whole(Reason::TenantUnknown)]));
    };
    match tenant.decision(&hold.claim, hold.decision_id) {
        Some(Decision::Held) => {
            let name = |association| AssociationName { tenant: tenant.id, association };
            Ok(held(tenant.live_of(&hold.claim).map(|(id, found)| (name(id), found.clone()))))
        }
        Some(Decision::Refused(refusals)) => Ok(refused(refusals)),
        Some(Decision::Awarded(_) | Decision::NotAwarded(_)) | None => Err(unanswered()),
    }
}

/// What the decision was answered when it was made. Two reads, of what does not change any more but for holds that end.
async fn first_answer(api: &Api, tenant: TenantId, hold: &PlaceHold) -> Result<PlaceHoldResponse, Status> {
    let db = api.db.reader();
    match query::decision(db, tenant, &hold.claim, hold.decision_id).await.map_err(error::unread)? {
        Some(Decision::Held) => {
            Ok(held(query::live_of(db, tenant, &hold.claim).await.map_err(error::unread)?.into_iter()))
        }
        Some(Decision::Refused(refusals)) => Ok(refused(&refusals)),
        Some(Decision::Awarded(_) | Decision::NotAwarded(_)) | None => Err(unanswered()),
    }
}

fn unanswered() -> Status {
    status::internal("a decision left no answer")
}

fn held(associations: impl Iterator<Item = Named>) -> PlaceHoldResponse {
    let associations = associations.map(|found| convert::association(&found)).collect();
    PlaceHoldResponse { associations, refusals: Vec::new() }
}

fn refused(refusals: &[LineRefusal]) -> PlaceHoldResponse {
    let refusal = |LineRefusal { line_id, reason }: &LineRefusal| wire::LineRefusal {
        line_id: line_id.map(String::from).unwrap_or_default(),
        reason: error::on_the_wire(*reason).into(),
        description: reason.describe().to_owned(),
    };
    PlaceHoldResponse { associations: Vec::new(), refusals: refusals.iter().map(refusal).collect() }
}

/// Only services call: what is malformed here is a fault of theirs, named for their log.
fn hold(request: PlaceHoldRequest) -> Result<PlaceHold, Status> {
    let solution_area = convert::said_area(request.solution_area());
    let activities = request.activities().map(|activity| {
        convert::said_activity(activity).ok_or_else(|| error::invalid("activities", "must be known activities"))
    });
    let activities = activities.collect::<Result<_, _>>()?;
    let submit_time = request.submit_time.ok_or_else(|| error::invalid("submit_time", "must be set"))?;
    let lines = request.lines.iter().enumerate().map(|(at, line)| line_to_hold(line, &format!("lines[{at}]")));
    Ok(PlaceHold {
        decision_id: request.decision_id.parse().map_err(error::malformed("decision_id"))?,
        claim: request.claim.parse().map_err(error::malformed("claim"))?,
        review_case: convert::said_case("review_case_id", &request.review_case_id)?,
        mpn_id: request.mpn_id.parse().map_err(error::malformed("mpn_id"))?,
        solution_area: solution_area.ok_or_else(|| error::invalid("solution_area", "must be a known area"))?,
        activities,
        lines: lines.collect::<Result<_, _>>()?,
        submit_time: convert::moment("submit_time", submit_time)?,
        customer_domain: request.customer_domain,
    })
}

fn line_to_hold(line: &wire::LineToHold, field: &str) -> Result<LineToHold, Status> {
    let ProductName { product } = line.product.parse().map_err(error::malformed(&format!("{field}.product")))?;
    let key: AssociationKey = line.key.parse().map_err(error::malformed(&format!("{field}.key")))?;
    let other = matches!(&key, AssociationKey::Workload(workload) if *workload != product);
    if other {
        return Err(error::invalid(&format!("{field}.key"), "must be of the line's product"));
    }
    let line_id = line.line_id.parse().map_err(error::malformed(&format!("{field}.line_id")))?;
    Ok(LineToHold { line_id, product, key })
}
