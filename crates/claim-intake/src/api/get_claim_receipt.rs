//! GetClaimReceipt (R56): three reads (the claim, its whole history, the time) and a signature. Entries are never changed, so that those up to the
//! head that was read are the head's, whatever is added meanwhile. Nothing is verified here: whoever doubts us does that better.
use super::{
    Answer,
    receipt::{self, Statement},
    view::View,
};
use crate::{
    call::Call,
    intake::{Failed, Intake},
    store::{Claims, Histories},
    wire::timestamp,
};
use cpor_kit::{request::open, status};
use cpor_proto::claims::v1 as wire;
use tonic::{Request, Response};

pub(super) async fn get_claim_receipt(
    intake: &Intake,
    request: Request<wire::GetClaimReceiptRequest>,
) -> Answer<wire::ClaimReceipt> {
    let (caller, request) = open(request)?;
    let call = Call::new(&caller, "GetClaimReceipt", &request.name)?;
    let head = Claims::head(intake.reader(), &call.claim).await.map_err(Failed::from)?;
    let (length, head) = head.ok_or_else(|| call.not_found())?;
    let entries = Histories::of(intake.reader(), &call.claim).list(0, length).await.map_err(Failed::from)?;
    let view = View::of(&caller);
    let shown = entries.into_iter().map(|entry| {
        let withheld = view.withholds(&entry);
        receipt::entry(&entry.withhold(&withheld))
    });
    let mut receipt = wire::ClaimReceipt {
        claim: call.claim.to_string(),
        entries: shown.collect(),
        head: head.to_string(),
        issue_time: Some(timestamp(intake.now().await?)),
        signature: String::new(),
    };
    let signature = intake.signer.receipt(&Statement::of(&receipt));
    receipt.signature = signature.map_err(|error| status::internal(&error))?;
    Ok(Response::new(receipt))
}
