use std::convert::Infallible;
use std::sync::Arc;

use cpor_durable::{Command, Failure, Transition};
use cpor_kit::request;
use cpor_kit::status::{self, Precondition};
use cpor_proto::registry::v1::award_result::Outcome;
use cpor_proto::registry::v1::{self as wire, ArbitrateHoldsRequest, ArbitrateHoldsResponse, AwardResult};
use cpor_types::{TenantId, TenantName};
use tonic::{Request, Response, Status};

use super::{Answer, Api, convert, error};
use crate::domain::arbitration::{Arbitration, Award};
use crate::domain::reason::Reason;
use crate::domain::record::{AwardOutcome, AwardRefusal, Decision, Precluded};
use crate::domain::tenant::Tenant;
use crate::store::tenant::Clash;
use crate::store::{query, tenant};

/// One transaction, shared with the commands that wait at the same time: six reads, at most six writes, one fsync.
///
/// A repeated decision is answered by what was decided first, and writes nothing.
pub(super) async fn arbitrate_holds(
    api: &Api,
    request: Request<ArbitrateHoldsRequest>,
) -> Answer<ArbitrateHoldsResponse> {
    let (caller, request) = request::open(request)?;
    let TenantName { tenant } = request.tenant.parse().map_err(error::malformed("tenant"))?;
    let arbitration = Arc::new(arbitration(&request)?);
    let decided = Arc::clone(&arbitration);
    let command = Command::new("arbitrate_holds", tenant::key(tenant), caller.actor);
    let outcome = api.tenants.execute(command, move |known, now| {
        let changed = known.and_then(|known| known.arbitrate(&decided, now));
        Ok::<_, Infallible>(changed.map(|(next, events)| Transition::new(next, events)))
    });
    let answer = match outcome.await {
        Ok(committed) => answer(committed.state.as_ref(), &arbitration)?,
        Err(Failure::Clash(Clash::Claim(winner, Precluded::Closed))) => {
            return Err(refused(&arbitration.refused(Some(&winner), Reason::ClaimClosed)));
        }
        Err(Failure::Clash(Clash::Claim(_, Precluded::Answered))) => first_answer(api, tenant, &arbitration).await?,
        Err(failure) => return Err(error::failed(failure, |never| match never {}, error::taken)),
    };
    Ok(Response::new(answer))
}

fn answer(tenant: Option<&Tenant>, arbitration: &Arbitration) -> Result<ArbitrateHoldsResponse, Status> {
    let Some(tenant) = tenant else {
        return Err(refused(&arbitration.refused(None, Reason::TenantUnknown)));
    };
    let of = |award: &Award| tenant.decision(&award.winner, arbitration.decision_id);
    said(arbitration.awards.iter().find_map(of), arbitration)
}

/// What the decision was answered when it was made; every winner has it. One read, of what does not change any more.
async fn first_answer(
    api: &Api,
    tenant: TenantId,
    arbitration: &Arbitration,
) -> Result<ArbitrateHoldsResponse, Status> {
    let Some(Award { winner, .. }) = arbitration.awards.first() else { return Err(unanswered()) };
    let decision = query::decision(api.db.reader(), tenant, winner, arbitration.decision_id).await;
    said(decision.map_err(error::unread)?.as_ref(), arbitration)
}

fn said(decision: Option<&Decision>, arbitration: &Arbitration) -> Result<ArbitrateHoldsResponse, Status> {
    match decision {
        Some(Decision::Awarded(outcomes)) => {
            let results = arbitration.awards.iter().zip(outcomes).map(|(award, outcome)| result(award, *outcome));
            Ok(ArbitrateHoldsResponse { results: results.collect() })
        }
        Some(Decision::NotAwarded(refusals)) => Err(refused(refusals)),
        Some(Decision::Held | Decision::Refused(_)) | None => Err(unanswered()),
    }
}

fn unanswered() -> Status {
    status::internal("an arbitration left no answer")
}

fn result(award: &Award, outcome: AwardOutcome) -> AwardResult {
    let outcome = match outcome {
        AwardOutcome::Cleared => Outcome::Cleared,
        AwardOutcome::Yielded => Outcome::Yielded,
        AwardOutcome::Successor => Outcome::Successor,
    };
    AwardResult { key: award.key.to_string(), outcome: outcome.into() }
}

fn refused(refusals: &[AwardRefusal]) -> Status {
    let Some(first) = refusals.first() else { return unanswered() };
    let failed = |AwardRefusal { key, reason }: &AwardRefusal| Precondition {
        kind: error::on_the_wire(*reason).as_str_name().to_owned(),
        subject: key.to_string(),
        description: reason.describe().to_owned(),
    };
    let reason = error::on_the_wire(first.reason).as_str_name();
    status::precondition(reason, first.reason.describe(), refusals.iter().map(failed).collect())
}

/// Only services call: what is malformed here is a fault of theirs, named for their log.
fn arbitration(request: &ArbitrateHoldsRequest) -> Result<Arbitration, Status> {
    let awards = request.awards.iter().enumerate().map(|(at, award)| self::award(award, &format!("awards[{at}]")));
    let awards: Vec<Award> = awards.collect::<Result<_, _>>()?;
    let twice = |at: usize| awards[..at].iter().any(|earlier| earlier.key == awards[at].key);
    if let Some(at) = (0..awards.len()).find(|at| twice(*at)) {
        return Err(error::invalid(&format!("awards[{at}].key"), "is awarded twice"));
    }
    Ok(Arbitration { decision_id: request.decision_id.parse().map_err(error::malformed("decision_id"))?, awards })
}

fn award(award: &wire::Award, field: &str) -> Result<Award, Status> {
    let activities = award.activities().map(|activity| {
        convert::said_activity(activity)
            .ok_or_else(|| error::invalid(&format!("{field}.activities"), "must be known activities"))
    });
    Ok(Award {
        key: award.key.parse().map_err(error::malformed(&format!("{field}.key")))?,
        winner: award.winner_claim.parse().map_err(error::malformed(&format!("{field}.winner_claim")))?,
        review_case: convert::said_case(&format!("{field}.review_case_id"), &award.review_case_id)?,
        activities: activities.collect::<Result<_, _>>()?,
    })
}
