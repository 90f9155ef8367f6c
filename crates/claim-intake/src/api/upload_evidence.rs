//! Implements UploadEvidence (R14). Cost: three reads, two sums over an index of the partner's
//! documents, one inserted row that records the upload, the write to the evidence store while the
//! bytes arrive (two syncs for a local directory), reads of the parts of the stored bytes that
//! determine the kind, and one decision. A call that ends early adds no document to the claim, and
//! its bytes are removed. With `validate_only`, the bytes are removed after they were checked. The
//! bytes of a repeated request are only hashed.
use super::{RpcResult, convert};
use crate::{
    call::Call,
    domain::{Evidence, Refusal},
    error::CallError,
    evidence::{PendingUpload, ReceivedDocument, Upload},
    service::ClaimIntake,
    store::{Documents, EvidenceUsage, NewUpload, PendingUploads},
};
use bytes::Bytes;
use cpor_proto::claims::v1 as wire;
use cpor_proto::wire_time::from_wire_time;
use cpor_rpc::request::{AuthorizedCall, validate_stream};
use cpor_types::{EvidenceId, Timestamp};
use std::time::Duration;
use tokio::time::Instant;
use tonic::{Request, Response, Status, Streaming};
use uuid::Uuid;

/// The name of the method, to which request ids belong.
const METHOD: &str = "UploadEvidence";
/// The time that an upload may take in addition to the time for its bytes at the minimum rate.
const GRACE: Duration = Duration::from_secs(10);
/// The average number of bytes that must arrive each second. An upload that stalls would otherwise
/// keep its memory and its share of the quota until the deadline of the call.
pub(super) const MIN_BYTES_PER_SECOND: u64 = 8 << 10;

/// The messages of an upload, which must arrive at a minimum rate.
struct Messages {
    stream: Streaming<wire::UploadEvidenceRequest>,
    /// The time at which the next message must have arrived. Each message moves it.
    deadline: Instant,
}

pub(super) async fn upload_evidence(
    intake: &ClaimIntake,
    request: Request<Streaming<wire::UploadEvidenceRequest>>,
) -> RpcResult<wire::Evidence> {
    let (authorized, stream) = validate_stream(request)?;
    let mut messages = Messages { stream, deadline: Instant::now() + GRACE };
    let first = messages.next(&authorized).await?.ok_or(CallError::UploadOutOfOrder)?;
    let metadata = first.metadata.ok_or(CallError::UploadOutOfOrder)?;
    authorized.check_owner(&metadata.parent)?;
    let call = Call::new(&authorized.caller, METHOD, &metadata.parent)?;
    let call = call.with_etag(&metadata.etag).with_validate_only(metadata.validate_only);

    let (limit_bytes, admission) = check_admission(intake, &call).await?;
    // The request id is looked up after the claim is read. If the claim accepts no further document
    // because the first request with this id added the last one, the lookup finds the id, and the
    // repeated request succeeds.
    let is_repeated = !call.validate_only && is_request_known(intake, &authorized, &metadata.request_id).await?;
    let id = EvidenceId(intake.entropy.uuid());
    let (mut upload, pending) = match admission {
        _ if is_repeated => (Upload::hash_only(limit_bytes), None),
        Err(refusal) => return Err(call.refusal_error(refusal).into()),
        Ok(()) => begin_upload(intake, &call, id, limit_bytes).await?,
    };
    if let Err(status) = receive_bytes(&authorized, first.data.into(), &mut messages, &mut upload).await {
        upload.abort().await;
        return Err(status);
    }
    let received = upload.finish(&metadata.sha256).await.map_err(CallError::from)?;
    let call = call.with_request_id_and_content(&authorized.caller, &metadata, &received.sha256)?;
    let Some(received) = received.examine(intake.scanner.as_ref()).await.map_err(CallError::from)? else {
        let evidence = repeated_evidence(intake, &call).await?;
        return Ok(Response::new(convert::evidence_to_wire(&call.claim, evidence)));
    };
    let new_evidence = evidence_builder(id, metadata, &received, call.request_uuid());
    match call.validate_only {
        true => received.discard().await,
        false => received.store().await.map_err(CallError::from)?,
    }
    if let Some(pending) = pending {
        pending.keep();
    }

    let evidence = add_evidence(intake, &call, new_evidence).await?;
    Ok(Response::new(convert::evidence_to_wire(&call.claim, evidence)))
}

/// Returns whether the caller has used this request id for an upload before.
async fn is_request_known(
    intake: &ClaimIntake,
    authorized: &AuthorizedCall,
    request_id: &str,
) -> Result<bool, CallError> {
    Ok(intake.host.knows_request_id(authorized.caller.id(), METHOD, request_id).await?)
}

/// Begins an upload. Unless the document is only checked, a row records that the upload has begun,
/// and reserves the maximum size of a document in the partner's quota.
async fn begin_upload(
    intake: &ClaimIntake,
    call: &Call,
    id: EvidenceId,
    limit_bytes: u64,
) -> Result<(Upload, Option<PendingUpload>), CallError> {
    check_quota(intake, call, 1, limit_bytes).await?;
    let (key, cipher) = intake.evidence_keys.create_document_key(id, &*intake.entropy)?;
    let mut pending = None;
    if !call.validate_only {
        let (db, start_time) = (intake.host.db(), intake.clock.now());
        let upload = NewUpload { claim: &call.claim, id, max_bytes: limit_bytes, key, start_time };
        PendingUploads::begin(db.writer(), upload).await?;
        pending = Some(PendingUpload::new(db.clone(), intake.evidence_store.clone(), call.key(), id));
        // Other uploads may have begun since the first check. Each of them has recorded its row, so
        // this check counts them, and their second check counts this upload.
        check_quota(intake, call, 0, 0).await?;
    }
    Ok((Upload::begin(&intake.evidence_store, id, cipher, limit_bytes).await?, pending))
}

/// Checks that the partner's quota allows to store `documents` and `bytes` more than now.
async fn check_quota(intake: &ClaimIntake, call: &Call, documents: u64, bytes: u64) -> Result<(), CallError> {
    let used = EvidenceUsage::of(intake.reader(), &call.claim.partner).await?;
    let quota = intake.evidence_quota;
    let quotas = [("documents", quota.documents, used.documents, documents), ("bytes", quota.bytes, used.bytes, bytes)];
    for (quota, limit, used, added) in quotas {
        if used.saturating_add(added) > limit {
            return Err(CallError::QuotaExceeded { quota, limit, used });
        }
    }
    Ok(())
}

impl Messages {
    /// Returns the next message of the stream after checking its constraints; `None` at the end.
    async fn next(&mut self, authorized: &AuthorizedCall) -> Result<Option<wire::UploadEvidenceRequest>, Status> {
        let received = tokio::time::timeout_at(self.deadline, self.stream.message()).await;
        let message = received.map_err(|_| CallError::UploadTooSlow)??;
        if let Some(message) = &message {
            authorized.check(message)?;
            self.deadline += Duration::from_millis(message.data.len() as u64 * 1000 / MIN_BYTES_PER_SECOND);
        }
        Ok(message)
    }
}

/// Checks, before the bytes arrive, whether another document may be added to the claim. Returns the
/// maximum number of bytes of a document, and the refusal if there is one.
async fn check_admission(intake: &ClaimIntake, call: &Call) -> Result<(u64, Result<(), Refusal>), CallError> {
    let (claim, now) = (intake.read_with_deleted(call).await?.state, intake.now().await?);
    let admission = claim.check_evidence_allowed(&intake.rules, now);
    let policy = intake.rules.profile_of(&claim, now).map_err(|refusal| call.refusal_error(refusal))?;
    Ok((policy.evidence.max_document_bytes, admission))
}

/// Adds the bytes of all messages to the upload.
async fn receive_bytes(
    authorized: &AuthorizedCall,
    first: Bytes,
    messages: &mut Messages,
    upload: &mut Upload,
) -> Result<(), Status> {
    upload.add(first).await.map_err(CallError::from)?;
    while let Some(message) = messages.next(authorized).await? {
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

/// Returns the document of the first request, whose bytes arrived again.
async fn repeated_evidence(intake: &ClaimIntake, call: &Call) -> Result<Evidence, CallError> {
    // The writer finds the request id and does not call the closure, unless the id has expired
    // since it was looked up.
    intake.decide(call, |_, _| Err(Refusal::ConcurrentChange)).await?;
    find_by_request(intake, call, call.request_uuid()).await
}

/// Returns the document that the first request with this request id added. The document may have
/// been removed from the claim since then.
async fn find_by_request(intake: &ClaimIntake, call: &Call, request: Option<Uuid>) -> Result<Evidence, CallError> {
    let documents = Documents::including_removed(intake.reader(), &call.claim).list().await?;
    let mut documents = documents.into_iter().map(|(_, document)| document);
    documents.find(|document| document.request == request).ok_or_else(|| call.not_found())
}
