//! Implements ListEvidence, oldest first. Cost: one read; a second one if there are no rows, to
//! distinguish a claim without documents from one that does not exist.
use super::{RpcResult, convert};
use crate::{call::Call, error::CallError, service::ClaimIntake, store::Documents};
use cpor_listing::page;
use cpor_proto::claims::v1 as wire;
use cpor_rpc::request::validate;
use tonic::{Request, Response};

pub(super) async fn list_evidence(
    intake: &ClaimIntake,
    request: Request<wire::ListEvidenceRequest>,
) -> RpcResult<wire::ListEvidenceResponse> {
    let (caller, request) = validate(request)?;
    let call = Call::new(&caller, "ListEvidence", &request.parent)?;
    let (page_tokens, size) = (page::PageTokens::for_request(&request), page::effective_size(request.page_size));
    let after: i64 = page_tokens.decode(&request.page_token)?.unwrap_or_default();
    let rows =
        Documents::on_claim(intake.reader(), &call.claim).list(after, size + 1).await.map_err(CallError::from)?;
    if rows.is_empty() {
        intake.read(&call).await?;
    }
    let documents =
        rows.into_iter().map(|(position, document)| (position, convert::evidence_to_wire(&call.claim, document)));
    let (evidence, next_page_token) = page_tokens.paginate(size, documents)?;
    Ok(Response::new(wire::ListEvidenceResponse { evidence, next_page_token }))
}
