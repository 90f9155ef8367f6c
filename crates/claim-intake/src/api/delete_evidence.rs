//! DeleteEvidence (R14): one decision and one read. The document leaves the claim, and stays in history and storage.
use super::{Answer, convert};
use crate::{
    call::Call,
    intake::{Failed, Intake},
    store::Documents,
};
use cpor_kit::request::open;
use cpor_proto::claims::v1 as wire;
use tonic::{Request, Response};

pub(super) async fn delete_evidence(
    intake: &Intake,
    request: Request<wire::DeleteEvidenceRequest>,
) -> Answer<wire::Evidence> {
    let (caller, request) = open(request)?;
    let (call, evidence) = Call::of_evidence(&caller, "DeleteEvidence", &request.name)?;
    let call = call.once(&caller, &request.request_id, &request);

    intake.decide(&call, move |claim, now| claim.remove_evidence(evidence, now).map(Some)).await?;

    let removed = Documents::ever_of(intake.reader(), &call.claim).get(evidence).await.map_err(Failed::from)?;
    Ok(Response::new(convert::evidence(&call.claim, removed.ok_or_else(|| call.not_found())?)))
}
