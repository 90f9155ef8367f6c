//! ApproveReviewCase: approves a case (R23) after the registry service has reserved the workload or
//! subscription of each line of the claim for the claim's partner (R36).
//!
//! Executes two commands, each in one transaction (`Api::execute_command` lists its statements),
//! and a call to the registry between them. If the call or the second command fails,
//! `ApprovalRunner` completes the approval in the background.
use super::{Api, error, reviewer};
use crate::domain::{Approval, CommandKind, Phase, Refusal, ReviewCase};
use cpor_call::status;
use cpor_durable::CommandOutcome;
use cpor_proto::reviews::v1::{ApproveReviewCaseRequest, ReviewCase as ProtoReviewCase};
use cpor_rpc::request::validate;
use cpor_types::DecisionId;
use std::sync::Arc;
use tonic::{Request, Response, Status};

pub(super) async fn handle(
    api: &Api,
    request: Request<ApproveReviewCaseRequest>,
) -> Result<Response<ProtoReviewCase>, Status> {
    let (caller, request) = validate(request)?;
    let (person, calendar) = (reviewer(&caller), Arc::clone(&api.calendar));
    let approval = Approval {
        decision_id: DecisionId(api.entropy.uuid()),
        comment: request.comment.clone(),
        actor: caller.actor.clone(),
    };
    let decide = move |case: &ReviewCase, now| case.approve(&person, approval.clone(), now, &calendar);
    let begun = api.execute_command("approve_review_case", &caller, &request, decide).await?;
    if request.validate_only {
        return Api::case_response(&caller, &request.name, begun);
    }
    let pending = begun.state.as_ref().and_then(|case| Some((case, case.pending_approval()?)));
    let completed = match pending {
        Some((case, approval)) => {
            api.approval_runner.complete(case, approval, 0).await.map_err(|cause| error::from_incomplete(&cause))?
        }
        None => begun,
    };
    Api::case_response(&caller, &request.name, require_approved(&request.name, completed)?)
}

/// Returns an error if the registry refused the approval, or if the case was closed in the
/// meantime. The state of the case tells the result, also to a repeated request: an approved case
/// stays approved, so a case in another state was not approved by this request.
fn require_approved(
    resource: &str,
    committed: CommandOutcome<ReviewCase>,
) -> Result<CommandOutcome<ReviewCase>, Status> {
    let Some(case) = &committed.state else { return Err(status::not_found(resource)) };
    match case.phase() {
        Phase::Approving | Phase::Approved => Ok(committed),
        Phase::UnderReview | Phase::Waiting | Phase::PartnerActionRequired | Phase::Rejected => {
            Err(error::lines_not_held(&case.approval_refusals))
        }
        // The claim was withdrawn or declined while the registry was asked. The registry's holds
        // end with the claim.
        phase @ Phase::Closed => Err(error::from_refusal(
            resource,
            Refusal::CommandNotAllowed { phase, command: CommandKind::Approve, allowed: Vec::new() },
        )),
    }
}
