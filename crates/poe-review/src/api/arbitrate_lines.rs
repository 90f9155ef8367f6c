//! ArbitrateLines: decides with one call which case gets each contested key (R37). A line of a
//! claim names one key, a workload or subscription of a tenant; the key is contested while claims
//! of several companies compete for it.
//!
//! Executes three commands on the arbitration and one on each competing case, with a call to the
//! registry between them. If a step fails, `ArbitrationRunner` completes the arbitration in the
//! background. With `validate_only`, the awards are planned and nothing is committed.
use super::{Api, error, from_proto, to_proto};
use crate::{
    domain::arbitration::{Arbitration, ArbitrationState, Award},
    store::arbitrations,
};
use cpor_auth::Caller;
use cpor_call::status;
use cpor_durable::{Command, CommandOutcome, RequestId};
use cpor_proto::options::v1::FieldViolationReason;
use cpor_proto::reviews::v1::{self as proto, ArbitrateLinesRequest};
use cpor_rpc::request::validate;
use cpor_types::{DecisionId, Malformed, TenantId, TenantKey, TenantName};
use std::convert::Infallible;
use tonic::{Request, Response, Status};

pub(super) async fn handle(
    api: &Api,
    request: Request<ArbitrateLinesRequest>,
) -> Result<Response<proto::Arbitration>, Status> {
    let (caller, request) = validate(request)?;
    let invalid_parent =
        |malformed: Malformed| error::invalid_field("parent", FieldViolationReason::Malformed, &malformed.to_string());
    let TenantName { tenant } = request.parent.parse().map_err(invalid_parent)?;
    let awards = parse_awards(tenant, &request.awards)?;
    let id = DecisionId(api.entropy.uuid());
    let command = Command::new("arbitrate_lines", arbitrations::key(tenant, id), caller.actor.clone())
        .request(RequestId::from_request(&caller, "ArbitrateLines", &request)?)
        .validate_only(request.validate_only);
    let (actor, comment) = (caller.actor.clone(), request.comment.clone());
    let decide = move |_: Option<&Arbitration>, now| {
        let (awards, comment, actor) = (awards.clone(), comment.clone(), actor.clone());
        let state = ArbitrationState::Begun;
        let arbitration = Arbitration { tenant, id, awards, comment, actor, state, create_time: now };
        Ok::<_, Infallible>(Some(arbitration.begin()))
    };
    let runner = &api.arbitration_runner;
    let begun = runner.arbitration_writer.execute(command, decide).await;
    let begun = begun.map_err(|failure| error::from_arbitration_failure(tenant, failure))?;
    let completed = match &begun.state {
        Some(arbitration) if request.validate_only && !begun.replayed => {
            let state = runner.plan(arbitration).await.map_err(|cause| error::from_incomplete(&cause))?;
            let planned = Arbitration { state, ..arbitration.clone() };
            CommandOutcome { state: Some(planned), ..begun }
        }
        Some(arbitration) if arbitration.is_pending() => {
            runner.complete(arbitration, 0).await.map_err(|cause| error::from_incomplete(&cause))?
        }
        Some(_) | None => begun,
    };
    response(completed, &caller, request)
}

fn parse_awards(tenant: TenantId, awards: &[proto::Award]) -> Result<Vec<Award>, Status> {
    let parse_award = |(index, award): (usize, &proto::Award)| {
        let other_tenant = |field: &str, resource: &str| {
            let field = format!("awards[{index}].{field}");
            let description = format!("must be a {resource} of the tenant in `parent`");
            error::invalid_field(&field, FieldViolationReason::UnknownReference, &description)
        };
        let key: TenantKey = award.key.parse().map_err(|malformed: Malformed| {
            error::invalid_field(
                &format!("awards[{index}].key"),
                FieldViolationReason::Malformed,
                &malformed.to_string(),
            )
        })?;
        if key.tenant != tenant {
            return Err(other_tenant("key", "workload or subscription"));
        }
        let winner = from_proto::case_name(&award.winner)?;
        if winner.tenant != tenant {
            return Err(other_tenant("winner", "review case"));
        }
        Ok(Award { key: key.key, winner: winner.case })
    };
    awards.iter().enumerate().map(parse_award).collect()
}

/// Builds the response. The stored comment and actor are erased when the arbitration ends, so they
/// are taken from the request. A replayed request has the same caller and comment, and gets the
/// same response.
fn response(
    committed: CommandOutcome<Arbitration>,
    caller: &Caller,
    request: ArbitrateLinesRequest,
) -> Result<Response<proto::Arbitration>, Status> {
    let arbitration = committed.state.ok_or_else(|| status::not_found(&request.parent))?;
    let arbitration = Arbitration { comment: request.comment, actor: caller.actor.clone(), ..arbitration };
    match &arbitration.state {
        ArbitrationState::Refused { refusals } => Err(error::awards_refused(arbitration.tenant, refusals)),
        ArbitrationState::Begun | ArbitrationState::Planned { .. } | ArbitrationState::Done { .. } => {
            Ok(Response::new(to_proto::arbitration(&arbitration)))
        }
    }
}
