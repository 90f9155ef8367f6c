//! Implements ListEvidence, by default oldest first. Cost: one read; a second one if there are no
//! rows, to distinguish a claim without documents from one that does not exist.
use super::{RpcResult, convert};
use crate::{
    call::Call,
    error::CallError,
    service::ClaimIntake,
    store::{DOCUMENTS, Documents},
};
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
    let query = DOCUMENTS.parse(&request.filter, &request.order_by)?;
    let after = page_tokens.decode(&request.page_token)?;
    let documents = Documents::on_claim(intake.reader(), &call.claim).list().await.map_err(CallError::from)?;
    if documents.is_empty() {
        intake.read(&call).await?;
    }
    let documents = query.select(documents, after.as_ref()).into_iter();
    let documents = documents.map(|(cursor, (_, document))| (cursor, convert::evidence_to_wire(&call.claim, document)));
    let (evidence, next_page_token) = page_tokens.paginate(size, documents)?;
    Ok(Response::new(wire::ListEvidenceResponse { evidence, next_page_token }))
}
