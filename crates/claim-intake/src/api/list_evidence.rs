//! ListEvidence: one read, oldest first; two where the claim has none.
use super::{Answer, convert};
use crate::{
    call::Call,
    intake::{Failed, Intake},
    store::Documents,
};
use cpor_kit::{page, request::open};
use cpor_proto::claims::v1 as wire;
use tonic::{Request, Response};

pub(super) async fn list_evidence(
    intake: &Intake,
    request: Request<wire::ListEvidenceRequest>,
) -> Answer<wire::ListEvidenceResponse> {
    let (caller, request) = open(request)?;
    let call = Call::new(&caller, "ListEvidence", &request.parent)?;
    let (binding, size) = (page::Binding::of(&request), page::size(request.page_size));
    let after: i64 = binding.decode(&request.page_token)?.unwrap_or_default();
    let found = Documents::of(intake.reader(), &call.claim).list(after, size + 1).await.map_err(Failed::from)?;
    if found.is_empty() {
        intake.read(&call).await?;
    }
    let shown = found.into_iter().map(|(position, document)| (position, convert::evidence(&call.claim, document)));
    let (evidence, next_page_token) = binding.page(size, shown)?;
    Ok(Response::new(wire::ListEvidenceResponse { evidence, next_page_token }))
}
