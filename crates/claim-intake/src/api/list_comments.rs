//! ListComments: one read, oldest first; two where the claim has none.
use super::{Answer, convert};
use crate::{
    call::Call,
    intake::{Failed, Intake},
    store::Comments,
};
use cpor_kit::{page, request::open};
use cpor_proto::claims::v1 as wire;
use tonic::{Request, Response};

pub(super) async fn list_comments(
    intake: &Intake,
    request: Request<wire::ListCommentsRequest>,
) -> Answer<wire::ListCommentsResponse> {
    let (caller, request) = open(request)?;
    let call = Call::new(&caller, "ListComments", &request.parent)?;
    let (binding, size) = (page::Binding::of(&request), page::size(request.page_size));
    let after: i64 = binding.decode(&request.page_token)?.unwrap_or_default();
    let found = Comments::of(intake.reader(), &call.claim).list(after, size + 1).await.map_err(Failed::from)?;
    if found.is_empty() {
        intake.read(&call).await?;
    }
    let shown = found.into_iter().map(|(position, comment)| (position, convert::comment(&call.claim, comment)));
    let (comments, next_page_token) = binding.page(size, shown)?;
    Ok(Response::new(wire::ListCommentsResponse { comments, next_page_token }))
}
