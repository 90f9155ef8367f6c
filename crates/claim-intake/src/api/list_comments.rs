//! Implements ListComments, by default oldest first. Cost: one read; a second one if there are no
//! rows, to distinguish a claim without comments from one that does not exist.
use super::{RpcResult, convert};
use crate::{
    call::Call,
    error::CallError,
    service::ClaimIntake,
    store::{COMMENTS, Comments},
};
use cpor_listing::page;
use cpor_proto::claims::v1 as wire;
use cpor_rpc::request::validate;
use tonic::{Request, Response};

pub(super) async fn list_comments(
    intake: &ClaimIntake,
    request: Request<wire::ListCommentsRequest>,
) -> RpcResult<wire::ListCommentsResponse> {
    let (caller, request) = validate(request)?;
    let call = Call::new(&caller, "ListComments", &request.parent)?;
    let (page_tokens, size) = (page::PageTokens::for_request(&request), page::effective_size(request.page_size));
    let query = COMMENTS.parse(&request.filter, &request.order_by)?;
    let after = page_tokens.decode(&request.page_token)?;
    let comments = Comments::of_claim(intake.reader(), &call.claim);
    let rows = comments.list(&query, after.as_ref(), size + 1).await.map_err(CallError::from)?;
    if rows.is_empty() {
        intake.read(&call).await?;
    }
    let comments = rows.into_iter().map(|(cursor, comment)| (cursor, convert::comment_to_wire(&call.claim, comment)));
    let (comments, next_page_token) = page_tokens.paginate(size, comments)?;
    Ok(Response::new(wire::ListCommentsResponse { comments, next_page_token }))
}
