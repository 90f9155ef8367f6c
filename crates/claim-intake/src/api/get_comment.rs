//! Implements GetComment, which returns one comment on a claim (R55). Cost: one read.
use super::{RpcResult, convert};
use crate::{error::CallError, service::ClaimIntake, store::Comments};
use cpor_proto::claims::v1 as wire;
use cpor_rpc::request::validate;
use cpor_types::{ClaimName, CommentName};
use tonic::{Request, Response};

pub(super) async fn get_comment(
    intake: &ClaimIntake,
    request: Request<wire::GetCommentRequest>,
) -> RpcResult<wire::Comment> {
    let (_, request) = validate(request)?;
    let not_found = || CallError::NotFound(request.name.clone());
    let CommentName { partner, claim, comment } = request.name.parse().map_err(|_| not_found())?;
    let claim = ClaimName { partner, claim };
    let found = Comments::of_claim(intake.reader(), &claim).get(comment).await.map_err(CallError::from)?;
    Ok(Response::new(convert::comment_to_wire(&claim, found.ok_or_else(not_found)?)))
}
