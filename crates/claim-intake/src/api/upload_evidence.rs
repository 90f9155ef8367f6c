//! UploadEvidence (R14): two reads, a row that the upload begins, the bytes to the store while they come (two fsyncs on a local directory), one
//! decision. Whatever ends the call early leaves no document: the sweeper clears what it left.
use super::{Answer, convert};
use crate::{
    call::Call,
    domain::{Claim, Evidence, Rules},
    evidence::{BadDocument, Received, Upload},
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

pub(super) async fn upload_evidence(
    intake: &Intake,
    request: Request<Streaming<wire::UploadEvidenceRequest>>,
) -> Answer<wire::Evidence> {
    let (opened, mut messages) = open_stream(request)?;
    let first = next(&opened, &mut messages).await?.ok_or(Failed::UploadOutOfOrder)?;
    let metadata = first.metadata.ok_or(Failed::UploadOutOfOrder)?;
    opened.check_owner(&metadata.parent)?;
    let call = Call::new(&opened.caller, "UploadEvidence", &metadata.parent)?;

    let limit_bytes = admit(intake, &call).await?;
    let id = EvidenceId(intake.entropy.uuid());
    Pending::begin(intake.host.db().writer(), &call.claim, id, intake.clock.now()).await.map_err(Failed::from)?;
    let mut upload = Upload::begin(&intake.objects, id, limit_bytes).await.map_err(Failed::from)?;
    if let Err(refused) = receive(&opened, first.data, &mut messages, &mut upload, limit_bytes).await {
        upload.abort().await;
        return Err(refused);
    }
    let received = upload.complete(&metadata.sha256).await.map_err(Failed::from)?;
    let call = call.once_for(&opened.caller, &metadata.request_id, body_hash(&metadata, &received.sha256));
    let document = Document { id, signed: metadata.signature_time.and_then(timestamp_from), metadata, received: Described::of(&received) };
    received.keep().await.map_err(Failed::from)?;

    let evidence = store(intake, &call, document).await?;
    Ok(Response::new(convert::evidence(&call.claim, evidence)))
}
