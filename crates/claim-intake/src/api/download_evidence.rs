//! DownloadEvidence: one read, then the bytes as fast as the caller takes them.
use super::{Answer, convert};
use crate::{
    domain::Refusal,
    intake::{Failed, Intake},
    store::Documents,
};
use bytes::Bytes;
use cpor_kit::request::open;
use cpor_proto::claims::v1 as wire;
use cpor_types::{ClaimName, EvidenceName};
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
    let (_, request) = open(request)?;
    let not_found = Failed::Refused(Refusal::NotFound);
    let Ok(EvidenceName { partner, claim, evidence }) = request.name.parse() else { return Err(not_found.into()) };
    let claim = ClaimName { partner, claim };
    let found = Documents::of(intake.reader(), &claim).get(evidence).await.map_err(Failed::from)?;
    let document = found.ok_or(not_found)?;

    let bytes = intake.objects.read(document.id).await.map_err(Failed::from)?;
    let metadata = convert::evidence(&claim, document);
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
