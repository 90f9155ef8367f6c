//! Implements UploadEvidence (R14). Cost: two reads, one inserted row that records the upload, the
//! write to the evidence store while the bytes arrive (two syncs for a local directory), and one
//! decision. A call that ends early adds no document to the claim. The sweeper removes its bytes.
//! With `validate_only`, the bytes are checked as they arrive, and nothing is written.
use super::{RpcResult, convert};
use crate::{
    call::Call,
    domain::Evidence,
    error::CallError,
    evidence::{ReceivedDocument, Upload},
    service::ClaimIntake,
    store::{Documents, PendingUploads},
};
use bytes::Bytes;
use cpor_proto::claims::v1 as wire;
use cpor_proto::wire_time::from_wire_time;
use cpor_rpc::request::{AuthorizedCall, validate_stream};
use cpor_types::{EvidenceId, Timestamp};
use tonic::{Request, Response, Status, Streaming};
use uuid::Uuid;

pub(super) async fn upload_evidence(
    intake: &ClaimIntake,
    request: Request<Streaming<wire::UploadEvidenceRequest>>,
) -> RpcResult<wire::Evidence> {
    let (opened, mut messages) = validate_stream(request)?;
    let first = next_message(&opened, &mut messages).await?.ok_or(CallError::UploadOutOfOrder)?;
    let metadata = first.metadata.ok_or(CallError::UploadOutOfOrder)?;
    opened.check_owner(&metadata.parent)?;
    let call = Call::new(&opened.caller, "UploadEvidence", &metadata.parent)?;
    let call = call.with_etag(&metadata.etag).with_validate_only(metadata.validate_only);

    let limit_bytes = document_limit(intake, &call).await?;
    let id = EvidenceId(intake.entropy.uuid());
    let mut upload = if call.validate_only {
        Upload::check_only(limit_bytes)
    } else {
        PendingUploads::begin(intake.host.db().writer(), &call.claim, id, intake.clock.now())
            .await
            .map_err(CallError::from)?;
        Upload::begin(&intake.evidence_store, id, limit_bytes).await.map_err(CallError::from)?
    };
    if let Err(status) = receive_bytes(&opened, first.data.into(), &mut messages, &mut upload).await {
        upload.abort().await;
        return Err(status);
    }
    let received = upload.complete(&metadata.sha256).await.map_err(CallError::from)?;
    let call = call.with_request_id_and_content(&opened.caller, &metadata, &received.sha256)?;
    let new_evidence = evidence_builder(id, metadata, &received, call.request_uuid());
    received.store().await.map_err(CallError::from)?;

    let evidence = add_evidence(intake, &call, new_evidence).await?;
    Ok(Response::new(convert::evidence_to_wire(&call.claim, evidence)))
}

/// Returns the next message of the stream after checking its constraints; `None` at the end.
async fn next_message(
    opened: &AuthorizedCall,
    messages: &mut Streaming<wire::UploadEvidenceRequest>,
) -> Result<Option<wire::UploadEvidenceRequest>, Status> {
    let message = messages.message().await?;
    if let Some(message) = &message {
        opened.check(message)?;
    }
    Ok(message)
}

/// Checks, before the bytes arrive, whether another document may be added to the claim. Returns the
/// maximum number of bytes of a document.
async fn document_limit(intake: &ClaimIntake, call: &Call) -> Result<u64, CallError> {
    let (claim, now) = (intake.read(call).await?.state, intake.now().await?);
    let policy = claim.check_evidence_allowed(&intake.rules, now).and_then(|()| intake.rules.profile_of(&claim, now));
    Ok(policy.map_err(|refusal| call.refusal_error(refusal))?.evidence.max_document_bytes)
}

/// Adds the bytes of all messages to the upload.
async fn receive_bytes(
    opened: &AuthorizedCall,
    first: Bytes,
    messages: &mut Streaming<wire::UploadEvidenceRequest>,
    upload: &mut Upload,
) -> Result<(), Status> {
    upload.add(first).await.map_err(CallError::from)?;
    while let Some(message) = next_message(opened, messages).await? {
        if message.metadata.is_some() {
            return Err(CallError::UploadOutOfOrder.into());
        }
        upload.add(message.data.into()).await.map_err(CallError::from)?;
    }
    Ok(())
}

/// Returns a function that creates the document. Its argument is the time at which the document is
/// added to the claim.
fn evidence_builder(
    id: EvidenceId,
    metadata: wire::EvidenceMetadata,
    received: &ReceivedDocument,
    request: Option<Uuid>,
) -> impl Fn(Timestamp) -> Evidence + Send + use<> {
    let (kind, size_bytes, sha256) = (received.kind, received.size_bytes, received.sha256.clone());
    let signature_time = metadata.signature_time.and_then(from_wire_time);
    let file_name = metadata.file_name;
    move |create_time| {
        let (file_name, sha256) = (file_name.clone(), sha256.clone());
        Evidence { id, file_name, kind, size_bytes, sha256, create_time, signature_time, request }
    }
}

/// Adds the document to the claim. A repeated request returns the document of the first request.
async fn add_evidence(
    intake: &ClaimIntake,
    call: &Call,
    new_evidence: impl Fn(Timestamp) -> Evidence + Send + 'static,
) -> Result<Evidence, CallError> {
    let rules = intake.rules.clone();
    let document = new_evidence(Timestamp::UNIX_EPOCH);
    let outcome =
        intake.decide(call, move |claim, now| claim.add_evidence(new_evidence(now), &rules, now).map(Some)).await?;
    if outcome.replayed {
        return find_by_request(intake, call, document.request).await;
    }
    outcome.claim.state.evidence.into_iter().find(|added| added.id == document.id).ok_or_else(|| call.not_found())
}

/// Returns the document that the first request with this request id added. The document may have
/// been removed from the claim since then.
async fn find_by_request(intake: &ClaimIntake, call: &Call, request: Option<Uuid>) -> Result<Evidence, CallError> {
    let documents = Documents::including_removed(intake.reader(), &call.claim).list().await?;
    let mut documents = documents.into_iter().map(|(_, document)| document);
    documents.find(|document| document.request == request).ok_or_else(|| call.not_found())
}
