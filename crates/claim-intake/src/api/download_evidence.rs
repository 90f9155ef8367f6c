//! Implements DownloadEvidence: sends the metadata of a document, then its bytes. Cost: one read,
//! and a read of the evidence store that proceeds as fast as the caller receives.
use super::{RpcResult, convert};
use crate::{call::Call, error::CallError, evidence::attachment, service::ClaimIntake, store::Documents};
use bytes::Bytes;
use cpor_proto::claims::v1 as wire;
use cpor_rpc::request::validate;
use futures_util::{Stream, StreamExt as _, stream};
use std::pin::Pin;
use tonic::{Request, Response, Status};

/// The stream of response messages.
pub(super) type DownloadStream = Pin<Box<dyn Stream<Item = Result<wire::DownloadEvidenceResponse, Status>> + Send>>;

/// The maximum number of bytes in one message.
const MAX_MESSAGE_BYTES: usize = 1 << 20;

pub(super) async fn download_evidence(
    intake: &ClaimIntake,
    request: Request<wire::DownloadEvidenceRequest>,
) -> RpcResult<DownloadStream> {
    let (caller, request) = validate(request)?;
    let (call, evidence) = Call::on_evidence(&caller, "DownloadEvidence", &request.name)?;
    let document =
        Documents::on_claim(intake.reader(), &call.claim).get_with_key(evidence).await.map_err(CallError::from)?;
    let (document, key) = document.ok_or_else(|| call.not_found())?;

    let cipher = intake.evidence_keys.open(document.id, &key).map_err(CallError::from)?;
    let bytes = intake.evidence_store.read(document.id, cipher, document.size_bytes).await.map_err(CallError::from)?;
    let content_type = attachment::content_type(document.kind);
    let content_disposition = attachment::content_disposition(&document.file_name, document.kind);
    let metadata = convert::evidence_to_wire(&call.claim, document);
    let metadata_message = wire::DownloadEvidenceResponse {
        evidence: Some(metadata),
        data: Vec::new(),
        content_disposition,
        content_type: content_type.to_owned(),
    };
    let data_messages = bytes.flat_map(|bytes| stream::iter(data_messages(bytes.map_err(CallError::from))));
    Ok(Response::new(stream::iter([Ok(metadata_message)]).chain(data_messages).boxed()))
}

/// Splits bytes that were read from the evidence store into messages. An error ends the stream.
fn data_messages(bytes: Result<Bytes, CallError>) -> Vec<Result<wire::DownloadEvidenceResponse, Status>> {
    let message = |data: &[u8]| Ok(wire::DownloadEvidenceResponse { data: data.to_vec(), ..Default::default() });
    match bytes {
        Ok(bytes) => bytes.chunks(MAX_MESSAGE_BYTES).map(message).collect(),
        Err(error) => vec![Err(error.into())],
    }
}
