//! The RPC `ArbitrateHolds`.
use std::convert::Infallible;
use std::sync::Arc;

use cpor_call::status::{self, PreconditionViolation};
use cpor_durable::{Command, CommandError, Transition};
use cpor_proto::WireEnum as _;
use cpor_proto::registry::v1::award_result::Outcome;
use cpor_proto::registry::v1::{self as wire, ArbitrateHoldsRequest, ArbitrateHoldsResponse, AwardResult};
use cpor_rpc::request;
use cpor_types::{Activity, TenantId, TenantName};
use tonic::{Request, Response, Status};

use super::{Api, ApiResult, convert, error};
use crate::domain::arbitration::{Arbitration, Award};
use crate::domain::reason::Reason;
use crate::domain::record::{AwardOutcome, AwardRefusal, DecisionOutcome, RecordConflict};
use crate::domain::tenant::Tenant;
use crate::store::tenant::TenantConflict;
use crate::store::{query, tenant};

/// Decides which claim gets each contested key of a tenant (R37). A *key* is one workload or
/// subscription; it is *contested* while claims of several companies compete for it. A repeated
/// request with the same decision id gets the recorded outcome, and writes nothing.
///
/// Makes six reads and at most six writes in one transaction. Commands that wait at the same time
/// share that transaction.
pub(super) async fn arbitrate_holds(
    api: &Api,
    request: Request<ArbitrateHoldsRequest>,
) -> ApiResult<ArbitrateHoldsResponse> {
    let (caller, request) = request::validate(request)?;
    let TenantName { tenant } = request.tenant.parse().map_err(error::malformed_field("tenant"))?;
    let arbitration = Arc::new(parse_arbitration(&request)?);
    let command_arbitration = Arc::clone(&arbitration);
    let command = Command::new("arbitrate_holds", tenant::key(tenant), caller.actor);
    let outcome = api.tenants.execute(command, move |current, now| {
        let changed = current.and_then(|tenant| tenant.arbitrate(&command_arbitration, now));
        Ok::<_, Infallible>(changed.map(|(next, events)| Transition::new(next, events)))
    });
    let response = match outcome.await {
        Ok(committed) => new_response(committed.state.as_ref(), &arbitration)?,
        Err(CommandError::Conflict(TenantConflict::ClaimRecord(winner, RecordConflict::CaseClosed))) => {
            return Err(refusal_status(&arbitration.refusals(Some(&winner), Reason::ClaimClosed)));
        }
        Err(CommandError::Conflict(TenantConflict::ClaimRecord(_, RecordConflict::AlreadyDecided))) => {
            recorded_response(api, tenant, &arbitration).await?
        }
        Err(failure) => return Err(error::command_failed(failure, |never| match never {}, error::conflict)),
    };
    Ok(Response::new(response))
}

/// Returns the response to an arbitration that was just decided.
fn new_response(tenant: Option<&Tenant>, arbitration: &Arbitration) -> Result<ArbitrateHoldsResponse, Status> {
    let Some(tenant) = tenant else {
        return Err(refusal_status(&arbitration.refusals(None, Reason::TenantUnknown)));
    };
    let decision = |award: &Award| tenant.decision(&award.winner, arbitration.decision_id);
    to_response(arbitration.awards.iter().find_map(decision), arbitration)
}

/// Returns the response to an arbitration that was decided before. Uses one query: the outcome is
/// recorded for each winner, so the record of the first one is enough.
async fn recorded_response(
    api: &Api,
    tenant: TenantId,
    arbitration: &Arbitration,
) -> Result<ArbitrateHoldsResponse, Status> {
    let Some(Award { winner, .. }) = arbitration.awards.first() else { return Err(missing_decision()) };
    let decision = query::decision(api.db.reader(), tenant, winner, arbitration.decision_id).await;
    to_response(decision.map_err(error::read_failed)?.as_ref(), arbitration)
}

/// Converts the outcome of the arbitration to a response or a status.
fn to_response(
    decision: Option<&DecisionOutcome>,
    arbitration: &Arbitration,
) -> Result<ArbitrateHoldsResponse, Status> {
    match decision {
        Some(DecisionOutcome::Awarded(outcomes)) => {
            let results = arbitration.awards.iter().zip(outcomes).map(|(award, outcome)| award_result(award, *outcome));
            Ok(ArbitrateHoldsResponse { results: results.collect() })
        }
        Some(DecisionOutcome::NotAwarded(refusals)) => Err(refusal_status(refusals)),
        Some(DecisionOutcome::Held | DecisionOutcome::Refused(_)) | None => Err(missing_decision()),
    }
}

/// Returns the status for an arbitration without a recorded outcome. This is a defect.
fn missing_decision() -> Status {
    status::internal("the arbitration has no recorded outcome")
}

fn award_result(award: &Award, outcome: AwardOutcome) -> AwardResult {
    let outcome = match outcome {
        AwardOutcome::Unopposed => Outcome::Cleared,
        AwardOutcome::PendingHoldEnded => Outcome::Yielded,
        AwardOutcome::SucceedsHolder => Outcome::Successor,
    };
    AwardResult { key: award.key.to_string(), outcome: outcome.into() }
}

/// Returns the status that names every reason for which the keys cannot be awarded.
fn refusal_status(refusals: &[AwardRefusal]) -> Status {
    let Some(first) = refusals.first() else { return missing_decision() };
    let precondition = |AwardRefusal { key, reason }: &AwardRefusal| PreconditionViolation {
        kind: error::wire_reason(*reason).as_str_name().to_owned(),
        subject: key.to_string(),
        description: reason.describe().to_owned(),
    };
    let reason = error::wire_reason(first.reason).as_str_name();
    status::failed_precondition(reason, first.reason.describe(), refusals.iter().map(precondition).collect())
}

/// Parses the request. Only services call this RPC, so an invalid request is a defect of the
/// calling service.
fn parse_arbitration(request: &ArbitrateHoldsRequest) -> Result<Arbitration, Status> {
    let awards = request.awards.iter().enumerate();
    let awards = awards.map(|(index, award)| parse_award(award, &format!("awards[{index}]")));
    let awards: Vec<Award> = awards.collect::<Result<_, _>>()?;
    let is_duplicate = |index: usize| awards[..index].iter().any(|earlier| earlier.key == awards[index].key);
    if let Some(index) = (0..awards.len()).find(|index| is_duplicate(*index)) {
        return Err(error::invalid_field(&format!("awards[{index}].key"), "must not be awarded more than once"));
    }
    Ok(Arbitration { decision_id: request.decision_id.parse().map_err(error::malformed_field("decision_id"))?, awards })
}

/// Parses one award. `field` is its path in the request.
fn parse_award(award: &wire::Award, field: &str) -> Result<Award, Status> {
    Ok(Award {
        key: award.key.parse().map_err(error::malformed_field(&format!("{field}.key")))?,
        winner: award.winner_claim.parse().map_err(error::malformed_field(&format!("{field}.winner_claim")))?,
        review_case: convert::parse_review_case(&format!("{field}.review_case_id"), &award.review_case_id)?,
        activities: Activity::from_numbers(&award.activities)
            .map_err(error::unknown_value(&format!("{field}.activities")))?,
        revenue_association_exclusive: award.revenue_association_exclusive,
    })
}
