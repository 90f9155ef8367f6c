//! RequestStatement: asks for a statement while a line of the claim (a claimed workload or
//! subscription) is contested: the partner of an approved claim (R37a), or the holders of the
//! legacy associations (recorded before claims existed) with which an open claim competes (R58a).
//! Executes one command in one transaction; `Api::execute_command` lists the statements.
use super::{Api, reviewer};
use crate::domain::ReviewCase;
use cpor_proto::reviews::v1::{RequestStatementRequest, ReviewCase as ProtoReviewCase};
use cpor_rpc::request::validate;
use tonic::{Request, Response, Status};

pub(super) async fn handle(
    api: &Api,
    request: Request<RequestStatementRequest>,
) -> Result<Response<ProtoReviewCase>, Status> {
    let (caller, request) = validate(request)?;
    let (person, comment) = (reviewer(&caller), request.comment.clone());
    let decide = move |case: &ReviewCase, now| case.request_statement(&person, &comment, now);
    let committed = api.execute_command("request_statement", &caller, &request, decide).await?;
    Api::case_response(&caller, &request.name, committed)
}
