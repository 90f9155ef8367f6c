//! RequestPartnerAction: asks the partner to change and resubmit the claim (R20), for one or more
//! reasons (R30). Executes one command in one transaction; `Api::execute_command` lists the
//! statements.
use super::{Api, from_proto, reviewer};
use crate::domain::{PartnerAction, ReviewCase};
use cpor_proto::reviews::v1::{RequestPartnerActionRequest, ReviewCase as ProtoReviewCase};
use cpor_rpc::request::validate;
use std::sync::Arc;
use tonic::{Request, Response, Status};

pub(super) async fn handle(
    api: &Api,
    request: Request<RequestPartnerActionRequest>,
) -> Result<Response<ProtoReviewCase>, Status> {
    let (caller, request) = validate(request)?;
    let (person, calendar) = (reviewer(&caller), Arc::clone(&api.calendar));
    let action = PartnerAction {
        reasons: request.reasons().filter_map(|reason| reason.try_into().ok()).collect(),
        comment: request.comment.clone(),
        remove_lines: from_proto::line_ids("remove_line_ids", &request.remove_line_ids)?,
    };
    let decide = move |case: &ReviewCase, now| case.request_partner_action(&person, action.clone(), now, &calendar);
    let committed = api.execute_command("request_partner_action", &caller, &request, decide).await?;
    Api::case_response(&caller, &request.name, committed)
}
