//! DownloadEvidence: one read, then the bytes as fast as the caller takes them.
use super::{Answer, convert};
use crate::{
    call::Call,
    intake::{Failed, Intake},
    store::Documents,
};
use bytes::Bytes;
use cpor_kit::request::open;
use cpor_proto::claims::v1 as wire;
use futures_util::{Stream, StreamExt as _, stream};
use std::pin::Pin;
use tonic::{Request, Response, Status};

/// The stream of an answer.
pub(super) type Download = Pin<Box<dyn Stream<Item = Result<wire::DownloadEvidenceResponse, Status>> + Send>>;

/// Bytes in one message, at most.
const CHUNK_BYTES: usize = 1 << 20;

pub(super) async fn download_evidence(
    intake: &Intake,
    request: Request<wire::DownloadEvidenceRequest>,
) -> Answer<Download> {
    let (caller, request) = open(request)?;
    let (call, evidence) = Call::of_evidence(&caller, "DownloadEvidence", &request.name)?;
    let found = Documents::of(intake.reader(), &call.claim).get(evidence).await.map_err(Failed::from)?;
    let document = found.ok_or_else(|| call.not_found())?;

    let bytes = intake.objects.read(document.id).await.map_err(Failed::from)?;
    let metadata = convert::evidence(&call.claim, document);
    let first = wire::DownloadEvidenceResponse { evidence: Some(metadata), data: Vec::new() };
    let rest = bytes.flat_map(|read| stream::iter(messages(read.map_err(Failed::from))));
    Ok(Response::new(stream::iter([Ok(first)]).chain(rest).boxed()))
}

fn messages(read: Result<Bytes, Failed>) -> Vec<Result<wire::DownloadEvidenceResponse, Status>> {
    let message = |data: &[u8]| Ok(wire::DownloadEvidenceResponse { evidence: None, data: data.to_vec() });
    match read {
        Ok(bytes) => bytes.chunks(CHUNK_BYTES).map(message).collect(),
        Err(failed) => vec![Err(failed.into())],
    }
}
