//! ArbitrateLines (R37): awards contested keys in one step.
//!
//! Three commands on the arbitration and one on each case, with one call of the registry between them. Whatever happens
//! on the way, the arbitration goes on: see `Arbiter`.
use super::{Api, convert, error, request};
use crate::{
    domain::arbitration::{Arbitration, ArbitrationState, Award},
    store::arbitrations,
};
use cpor_durable::{Command, Committed};
use cpor_kit::{Caller, request::open};
use cpor_proto::reviews::v1::{self as wire, ArbitrateLinesRequest};
use cpor_types::{DecisionId, Malformed, TenantId, TenantName};
use std::convert::Infallible;
use tonic::{Request, Response, Status};

pub(super) async fn handle(
    api: &Api,
    request: Request<ArbitrateLinesRequest>,
) -> Result<Response<wire::Arbitration>, Status> {
    let (caller, request) = open(request)?;
    let invalid = |malformed: Malformed| error::invalid("parent", &malformed.to_string());
    let TenantName { tenant } = request.parent.parse().map_err(invalid)?;
    let awards = awards(tenant, &request.awards)?;
    let id = DecisionId(api.entropy.uuid());
    let command = Command::new("arbitrate_lines", arbitrations::key(tenant, id), caller.actor.clone())
        .request(request::arbitration(&caller, &request));
    let (by, comment) = (caller.actor.clone(), request.comment.clone());
    let decide = move |_: Option<&Arbitration>, now| {
        let (awards, comment, by) = (awards.clone(), comment.clone(), by.clone());
        let begun = Arbitration { tenant, id, awards, comment, by, state: ArbitrationState::Begun, create_time: now };
        Ok::<_, Infallible>(Some(begun.begin()))
    };
    let begun = api.arbiter.writer.execute(command, decide).await.map_err(error::not_begun)?;
    let settled = match &begun.state {
        Some(arbitration) if arbitration.is_pending() => {
            api.arbiter.complete(arbitration, 0).await.map_err(|cause| error::unfinished(&cause))?
        }
        Some(_) | None => begun,
    };
    answer(settled, &caller, request.comment)
}

fn awards(tenant: TenantId, awards: &[wire::Award]) -> Result<Vec<Award>, Status> {
    let read = |(at, award): (usize, &wire::Award)| {
        let key = award
            .key
            .parse()
            .map_err(|malformed: Malformed| error::invalid(&format!("awards[{at}].key"), &malformed.to_string()))?;
        let winner = convert::case_name(&award.winner)?;
        if winner.tenant != tenant {
            return Err(error::invalid(&format!("awards[{at}].winner"), "is a case of another tenant"));
        }
        Ok(Award { key, winner: winner.case })
    };
    awards.iter().enumerate().map(read).collect()
}

/// What it came to. A replayed request, which is the same caller's and says the same, gets this answer too.
fn answer(
    committed: Committed<Arbitration>,
    caller: &Caller,
    comment: String,
) -> Result<Response<wire::Arbitration>, Status> {
    let by = caller.actor.clone();
    let arbitration = Arbitration { comment, by, ..committed.state.ok_or_else(error::not_found)? };
    match &arbitration.state {
        ArbitrationState::Refused { faults } => Err(error::awards_not_possible(faults)),
        ArbitrationState::Begun | ArbitrationState::Planned { .. } | ArbitrationState::Done { .. } => {
            Ok(Response::new(convert::arbitration(&arbitration)))
        }
    }
}
