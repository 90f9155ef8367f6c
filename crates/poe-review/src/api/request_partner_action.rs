//! RequestPartnerAction (R20, R30): one command, see `Api::give` for its cost.
use super::{Api, convert, reviewer};
use crate::domain::{PartnerAction, ReviewCase};
use cpor_kit::request::open;
use cpor_proto::reviews::v1::{RequestPartnerActionRequest, ReviewCase as WireCase};
use std::sync::Arc;
use tonic::{Request, Response, Status};

pub(super) async fn handle(
    api: &Api,
    request: Request<RequestPartnerActionRequest>,
) -> Result<Response<WireCase>, Status> {
    let (caller, request) = open(request)?;
    let by = reviewer(&caller);
    let calendar = Arc::clone(&api.calendar);
    let action = PartnerAction {
        reasons: request.reasons().filter_map(convert::partner_action_reason).collect(),
        comment: request.comment.clone(),
        remove_lines: convert::line_ids("remove_line_ids", &request.remove_line_ids)?,
    };
    let decide = move |case: &ReviewCase, now| case.request_partner_action(&by, action.clone(), now, &calendar);
    let committed = api.give("request_partner_action", &caller, &request, decide).await?;
    Api::answer(&caller, committed)
}
