//! The RPC `PlaceHold`.
use std::collections::BTreeMap;

use std::convert::Infallible;
use std::sync::Arc;

use cpor_call::status;
use cpor_durable::{Command, CommandError, Transition};
use cpor_proto::WireEnum as _;
use cpor_proto::registry::v1::{self as wire, PlaceHoldRequest, PlaceHoldResponse};
use cpor_rpc::request;
use cpor_types::{Activity, AssociationKey, AssociationName, ProductName, SolutionArea, TenantId, TenantName};
use tonic::{Request, Response, Status};

use super::{Api, ApiResult, convert, error};
use crate::domain::hold::{HoldRequest, LineToHold};
use crate::domain::reason::Reason;
use crate::domain::record::{DecisionOutcome, LineRefusal, RecordConflict};
use crate::domain::tenant::Tenant;
use crate::store::query::AssociationWithName;
use crate::store::tenant::TenantConflict;
use crate::store::{query, tenant};

/// Holds every line of a claim, or none (R34 to R36): reserves the workload or subscription of each
/// line for the claim's partner. A repeated request with the same decision id gets the recorded
/// outcome, and writes nothing.
///
/// Uses one query for the partner, and then makes six reads and at most six writes in one
/// transaction. Commands that wait at the same time share that transaction.
pub(super) async fn place_hold(api: &Api, request: Request<PlaceHoldRequest>) -> ApiResult<PlaceHoldResponse> {
    let (caller, request) = request::validate(request)?;
    let TenantName { tenant } = request.tenant.parse().map_err(error::malformed_field("tenant"))?;
    let hold_request = Arc::new(parse_hold_request(request)?);
    let partner =
        query::partner_profile(api.db.reader(), &hold_request.claim.partner).await.map_err(error::read_failed)?;
    let (catalog, command_request) = (Arc::clone(&api.catalog), Arc::clone(&hold_request));
    let command = Command::new("place_hold", tenant::key(tenant), caller.actor);
    let outcome = api.tenants.execute(command, move |current, now| {
        let changed = current.and_then(|tenant| tenant.place_hold(&command_request, partner.as_ref(), &catalog, now));
        Ok::<_, Infallible>(changed.map(|(next, events)| Transition::new(next, events)))
    });
    let response = match outcome.await {
        Ok(committed) => new_response(committed.state.as_ref(), &hold_request)?,
        Err(CommandError::Conflict(TenantConflict::Key(key))) => refused_response(&hold_request.refusals_for_key(&key)),
        Err(CommandError::Conflict(TenantConflict::ClaimRecord(_, RecordConflict::CaseClosed))) => {
            refused_response(&[LineRefusal::whole_claim(Reason::ClaimClosed)])
        }
        Err(CommandError::Conflict(TenantConflict::ClaimRecord(_, RecordConflict::AlreadyDecided))) => {
            recorded_response(api, tenant, &hold_request).await?
        }
        Err(failure) => return Err(error::command_failed(failure, |never| match never {}, error::conflict)),
    };
    Ok(Response::new(response))
}

/// Returns the response to a decision that was just made.
fn new_response(tenant: Option<&Tenant>, request: &HoldRequest) -> Result<PlaceHoldResponse, Status> {
    let Some(tenant) = tenant else {
        return Ok(refused_response(&[LineRefusal::whole_claim(Reason::TenantUnknown)]));
    };
    match tenant.decision(&request.claim, request.decision_id) {
        Some(DecisionOutcome::Held) => {
            let name = |association| AssociationName { tenant: tenant.id, association };
            Ok(held_response(
                tenant.live_associations_of(&request.claim).map(|(id, association)| (name(id), association.clone())),
            ))
        }
        Some(DecisionOutcome::Refused(refusals)) => Ok(refused_response(refusals)),
        Some(DecisionOutcome::Awarded(_) | DecisionOutcome::NotAwarded(_)) | None => Err(missing_decision()),
    }
}

/// Returns the response to a decision that was made before. Uses two queries. The outcome never
/// changes, but holds that have ended since then are not listed.
async fn recorded_response(api: &Api, tenant: TenantId, request: &HoldRequest) -> Result<PlaceHoldResponse, Status> {
    let db = api.db.reader();
    match query::decision(db, tenant, &request.claim, request.decision_id).await.map_err(error::read_failed)? {
        Some(DecisionOutcome::Held) => Ok(held_response(
            query::live_associations_of(db, tenant, &request.claim).await.map_err(error::read_failed)?.into_iter(),
        )),
        Some(DecisionOutcome::Refused(refusals)) => Ok(refused_response(&refusals)),
        Some(DecisionOutcome::Awarded(_) | DecisionOutcome::NotAwarded(_)) | None => Err(missing_decision()),
    }
}

/// Returns the status for a decision without a recorded outcome. This is a defect.
fn missing_decision() -> Status {
    status::internal("the decision has no recorded outcome")
}

fn held_response(associations: impl Iterator<Item = AssociationWithName>) -> PlaceHoldResponse {
    let associations = associations.map(|held| convert::association(&held, &BTreeMap::new())).collect();
    PlaceHoldResponse { associations, refusals: Vec::new() }
}

fn refused_response(refusals: &[LineRefusal]) -> PlaceHoldResponse {
    let refusal = |LineRefusal { line_id, reason }: &LineRefusal| wire::LineRefusal {
        line_id: line_id.map(String::from).unwrap_or_default(),
        reason: error::wire_reason(*reason).into(),
        description: reason.describe().to_owned(),
    };
    PlaceHoldResponse { associations: Vec::new(), refusals: refusals.iter().map(refusal).collect() }
}

/// Parses the request. Only services call this RPC, so an invalid request is a defect of the
/// calling service.
fn parse_hold_request(request: PlaceHoldRequest) -> Result<HoldRequest, Status> {
    let submit_time = request.submit_time.ok_or_else(|| error::invalid_field("submit_time", "must be set"))?;
    let lines = request.lines.iter().enumerate().map(|(index, line)| parse_line(line, &format!("lines[{index}]")));
    Ok(HoldRequest {
        decision_id: request.decision_id.parse().map_err(error::malformed_field("decision_id"))?,
        claim: request.claim.parse().map_err(error::malformed_field("claim"))?,
        review_case: convert::parse_review_case("review_case_id", &request.review_case_id)?,
        mpn_id: request.mpn_id.parse().map_err(error::malformed_field("mpn_id"))?,
        solution_area: SolutionArea::from_number(request.solution_area)
            .map_err(error::unknown_value("solution_area"))?,
        activities: Activity::from_numbers(&request.activities).map_err(error::unknown_value("activities"))?,
        lines: lines.collect::<Result<_, _>>()?,
        submit_time: convert::parse_timestamp("submit_time", submit_time)?,
        customer_domain: request.customer_domain,
        revenue_association_exclusive: request.revenue_association_exclusive,
    })
}

/// Parses one line. `field` is its path in the request.
fn parse_line(line: &wire::LineToHold, field: &str) -> Result<LineToHold, Status> {
    let ProductName { product } = line.product.parse().map_err(error::malformed_field(&format!("{field}.product")))?;
    let key: AssociationKey = line.key.parse().map_err(error::malformed_field(&format!("{field}.key")))?;
    let is_other_workload = matches!(&key, AssociationKey::Workload(workload) if *workload != product);
    if is_other_workload {
        return Err(error::invalid_field(&format!("{field}.key"), "must be the workload that `product` names"));
    }
    let line_id = line.line_id.parse().map_err(error::malformed_field(&format!("{field}.line_id")))?;
    Ok(LineToHold { line_id, product, key })
}
