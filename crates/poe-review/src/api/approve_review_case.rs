//! ApproveReviewCase (R23, R36): approve and hold.
//!
//! Two commands (see `Api::give` for their cost) with one call of the registry between them, so two fsyncs here and
//! one there. Whatever happens between the two, the approval goes on: see `Approver`.
use super::{Api, error, reviewer};
use crate::domain::{Approval, CommandKind, Phase, Refusal, ReviewCase};
use cpor_durable::Committed;
use cpor_kit::request::open;
use cpor_proto::reviews::v1::{ApproveReviewCaseRequest, ReviewCase as WireCase};
use cpor_types::DecisionId;
use std::sync::Arc;
use tonic::{Request, Response, Status};

pub(super) async fn handle(
    api: &Api,
    request: Request<ApproveReviewCaseRequest>,
) -> Result<Response<WireCase>, Status> {
    let (caller, request) = open(request)?;
    let (by, calendar) = (reviewer(&caller), Arc::clone(&api.calendar));
    let approval = Approval {
        decision_id: DecisionId(api.entropy.uuid()),
        comment: request.comment.clone(),
        by: caller.actor.clone(),
    };
    let decide = move |case: &ReviewCase, now| case.approve(&by, approval.clone(), now, &calendar);
    let begun = api.give("approve_review_case", &caller, &request, decide).await?;
    let under_way = begun.state.as_ref().and_then(|case| Some((case, case.approval_under_way()?)));
    let settled = match under_way {
        Some((case, approval)) => {
            api.approver.complete(case, approval, 0).await.map_err(|cause| error::unfinished(&cause))?
        }
        None => begun,
    };
    Api::answer(&caller, approved(settled)?)
}

/// What the approval came to. A replayed request gets this answer too, read from the case.
fn approved(committed: Committed<ReviewCase>) -> Result<Committed<ReviewCase>, Status> {
    let Some(case) = &committed.state else { return Err(error::not_found()) };
    match case.phase() {
        Phase::UnderReview if !case.approval_refusals.is_empty() => Err(error::lines_not_held(&case.approval_refusals)),
        // The claim was withdrawn or declined meanwhile: whatever was held goes with it.
        phase @ Phase::Closed => Err(error::refused(Refusal::CommandNotAllowed {
            phase,
            command: CommandKind::Approve,
            allowed: Vec::new(),
        })),
        Phase::Waiting
        | Phase::UnderReview
        | Phase::PartnerActionRequired
        | Phase::Approving
        | Phase::Approved
        | Phase::Rejected => Ok(committed),
    }
}
