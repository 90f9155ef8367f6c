//! UploadEvidence (R14): two reads, a row that tells of the upload, the bytes to the store while they come (a local
//! directory is synced twice), one decision. Whatever ends the call early leaves no document: the sweeper clears what
//! it left.
use super::{Answer, convert};
use crate::{
    call::Call,
    domain::Evidence,
    evidence::{Received, Upload},
    intake::{Failed, Intake},
    store::{Documents, Pending},
    wire::timestamp_from,
};
use bytes::Bytes;
use cpor_kit::request::{Opened, open_stream};
use cpor_proto::claims::v1 as wire;
use cpor_types::{EvidenceId, Timestamp};
use prost::Message as _;
use sha2::{Digest as _, Sha256};
use tonic::{Request, Response, Status, Streaming};
use uuid::Uuid;

pub(super) async fn upload_evidence(
    intake: &Intake,
    request: Request<Streaming<wire::UploadEvidenceRequest>>,
) -> Answer<wire::Evidence> {
    let (opened, mut messages) = open_stream(request)?;
    let first = next(&opened, &mut messages).await?.ok_or(Failed::UploadOutOfOrder)?;
    let metadata = first.metadata.ok_or(Failed::UploadOutOfOrder)?;
    opened.check_owner(&metadata.parent)?;
    let call = Call::new(&opened.caller, "UploadEvidence", &metadata.parent)?;

    let limit_bytes = limit(intake, &call).await?;
    let id = EvidenceId(intake.entropy.uuid());
    Pending::begin(intake.host.db().writer(), &call.claim, id, intake.clock.now()).await.map_err(Failed::from)?;
    let mut upload = Upload::begin(&intake.objects, id, limit_bytes).await.map_err(Failed::from)?;
    if let Err(refused) = receive(&opened, first.data.into(), &mut messages, &mut upload).await {
        upload.abort().await;
        return Err(refused);
    }
    let received = upload.complete(&metadata.sha256).await.map_err(Failed::from)?;
    let call = call.once_for(&opened.caller, &metadata.request_id, body_hash(&metadata, &received.sha256));
    let described = described(id, metadata, &received, call.request_uuid());
    received.keep().await.map_err(Failed::from)?;

    let evidence = add(intake, &call, described).await?;
    Ok(Response::new(convert::evidence(&call.claim, evidence)))
}

async fn next(
    opened: &Opened,
    messages: &mut Streaming<wire::UploadEvidenceRequest>,
) -> Result<Option<wire::UploadEvidenceRequest>, Status> {
    let message = messages.message().await?;
    if let Some(message) = &message {
        opened.check(message)?;
    }
    Ok(message)
}

/// Refuses before any byte is taken in what would be refused afterwards; answers how large the document may be.
async fn limit(intake: &Intake, call: &Call) -> Result<u64, Failed> {
    let (seen, now) = (intake.read(call).await?.state, intake.now().await?);
    let admitted = seen.admit_evidence(&intake.rules, now).and_then(|()| intake.rules.of(&seen, now));
    Ok(admitted.map_err(|refusal| call.refused(refusal))?.evidence.max_document_bytes)
}

async fn receive(
    opened: &Opened,
    first: Bytes,
    messages: &mut Streaming<wire::UploadEvidenceRequest>,
    upload: &mut Upload,
) -> Result<(), Status> {
    upload.add(first).await.map_err(Failed::from)?;
    while let Some(message) = next(opened, messages).await? {
        if message.metadata.is_some() {
            return Err(Failed::UploadOutOfOrder.into());
        }
        upload.add(message.data.into()).await.map_err(Failed::from)?;
    }
    Ok(())
}

/// The metadata without the request id, and the bytes by their hash.
fn body_hash(metadata: &wire::EvidenceMetadata, sha256: &str) -> [u8; 32] {
    let metadata = wire::EvidenceMetadata { request_id: String::new(), ..metadata.clone() };
    Sha256::new().chain_update(metadata.encode_to_vec()).chain_update(sha256).finalize().into()
}

/// The document as it will be when it is added.
fn described(
    id: EvidenceId,
    metadata: wire::EvidenceMetadata,
    received: &Received,
    request: Option<Uuid>,
) -> impl Fn(Timestamp) -> Evidence + Send + use<> {
    let (kind, size_bytes, sha256) = (received.kind, received.size_bytes, received.sha256.clone());
    let signature_time = metadata.signature_time.and_then(timestamp_from);
    let file_name = metadata.file_name;
    move |create_time| {
        let (file_name, sha256) = (file_name.clone(), sha256.clone());
        Evidence { id, file_name, kind, size_bytes, sha256, create_time, signature_time, request }
    }
}

async fn add(
    intake: &Intake,
    call: &Call,
    described: impl Fn(Timestamp) -> Evidence + Send + 'static,
) -> Result<Evidence, Failed> {
    let rules = intake.rules.clone();
    let wanted = described(Timestamp::UNIX_EPOCH);
    let judged =
        intake.decide(call, move |claim, now| claim.add_evidence(described(now), &rules, now).map(Some)).await?;
    if judged.replayed {
        return first(intake, call, wanted.request).await;
    }
    judged.claim.state.evidence.into_iter().find(|known| known.id == wanted.id).ok_or_else(|| call.not_found())
}

/// The document that the first request of this id added, on the claim or removed from it since.
async fn first(intake: &Intake, call: &Call, request: Option<Uuid>) -> Result<Evidence, Failed> {
    let ever = Documents::ever_of(intake.reader(), &call.claim).list(0, u64::from(u32::MAX)).await?;
    let mut documents = ever.into_iter().map(|(_, document)| document);
    documents.find(|known| known.request == request).ok_or_else(|| call.not_found())
}
